# Runs inside the new image's root, as `sh -eu`, after debootstrap and after the host's apt sources,
# keys and certificates were copied in. Makes of a Debian base what a server's first boot expects.
export DEBIAN_FRONTEND=noninteractive LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin

printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
chmod 0755 /usr/sbin/policy-rc.d
update-ca-certificates > /dev/null 2>&1 || true
# The lists stay, compressed: a server's first install need not fetch them, and fetches them where they are too old.
apt-get -qq -o Acquire::GzipIndexes=true update
apt-get -qq -y -o Dpkg::Options::=--force-confold dist-upgrade > /dev/null
rm /usr/sbin/policy-rc.d

# Every server makes its own identity at its first boot.
: > /etc/machine-id
rm -f /var/lib/dbus/machine-id /etc/ssh/ssh_host_*
ln -s /etc/machine-id /var/lib/dbus/machine-id
cat > /etc/systemd/system/podwright-lab-hostkeys.service <<'UNIT'
[Unit]
Description=SSH host keys of this lab server
Before=ssh.service
ConditionPathExists=!/etc/ssh/ssh_host_ed25519_key

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/ssh-keygen -A

[Install]
WantedBy=multi-user.target
UNIT

# The container runtime makes all of /proc/sys read-only. What belongs to this server's own
# namespaces becomes writable again; the rest, which is the host's, stays read-only and says so.
cat > /usr/local/lib/podwright-lab-sysctl <<'SCRIPT'
#!/bin/sh
set -eu
for path in /proc/sys/net /proc/sys/fs/mqueue /proc/sys/kernel/shm* /proc/sys/kernel/msg* /proc/sys/kernel/sem; do
  [ -e "$path" ] || continue
  mount --bind "$path" "$path"
  mount -o remount,bind,rw "$path"
done
SCRIPT
chmod 0755 /usr/local/lib/podwright-lab-sysctl
cat > /etc/systemd/system/podwright-lab-sysctl.service <<'UNIT'
[Unit]
Description=Writable sysctls of this lab server's own namespaces
DefaultDependencies=no
After=local-fs.target
Before=systemd-sysctl.service sysinit.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/lib/podwright-lab-sysctl

[Install]
WantedBy=sysinit.target
UNIT
systemctl -q enable podwright-lab-hostkeys.service podwright-lab-sysctl.service

# A lab server that loses its power is made anew: dpkg need not wait for the disk after every file.
echo force-unsafe-io > /etc/dpkg/dpkg.cfg.d/podwright-lab

# Nothing may hold apt's lock by surprise, nor wait for a terminal that is not there.
systemctl -q mask apt-daily.timer apt-daily-upgrade.timer console-getty.service getty.target \
  systemd-networkd-wait-online.service

apt-get clean
rm -rf /var/lib/apt/lists/partial/* /var/log/apt /var/log/*.log /var/cache/debconf/*-old /tmp/* /debootstrap
: > /etc/hostname

#include "core/crypto/secret.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/digest.h"

namespace podwright::crypto {

SecretString::SecretString(std::string_view bytes) : SecretString(bytes.size()) {
  if (!bytes.empty()) std::memcpy(bytes_.get(), bytes.data(), bytes.size());
}

SecretString::SecretString(std::size_t size)
    : bytes_(size == 0 ? nullptr : std::make_unique<char[]>(size)), size_(size), capacity_(size) {}

SecretString::~SecretString() {
  Wipe();
}

SecretString::SecretString(SecretString&& other) noexcept
    : bytes_(std::move(other.bytes_)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)) {}

SecretString& SecretString::operator=(SecretString&& other) noexcept {
  if (this == &other) return *this;
  Wipe();
  bytes_ = std::move(other.bytes_);
  size_ = std::exchange(other.size_, 0);
  capacity_ = std::exchange(other.capacity_, 0);
  return *this;
}

void SecretString::Shrink(std::size_t size) {
  size_ = std::min(size, size_);
}

void SecretString::Wipe() {
  if (bytes_) OPENSSL_cleanse(bytes_.get(), capacity_);
}

bool operator==(const SecretString& a, const SecretString& b) {
  return ConstantTimeEquals(a.Reveal(), b.Reveal());
}

}  // namespace podwright::crypto

#include "reconciler/ca/issue.h"

#include <openssl/rand.h>

#include <algorithm>
#include <cctype>
#include <ctime>

#include "core/openssl.h"

namespace podwright::ca {

namespace {

using crypto::Certificate;
using crypto::SubjectNames;

struct FreeNames {
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};
using Names = std::unique_ptr<GENERAL_NAMES, FreeNames>;

// "*.example.org" stands for the names of a domain.
Status CheckDns(const std::string& name) {
  const std::string_view host = std::string_view(name).substr(name.starts_with("*.") ? 2 : 0);
  const bool good = !host.empty() && name.size() <= 253 && std::all_of(host.begin(), host.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_';
  });
  return good ? Ok() : Status(InvalidArgument("not a host name: " + name));
}

// 127 random bits: nobody can foresee a serial, and none comes twice.
bool SetSerial(X509* certificate) {
  unsigned char bytes[16];
  if (RAND_bytes(bytes, sizeof bytes) != 1) return false;
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7f) | 0x40);
  const openssl::BigNumber number(BN_bin2bn(bytes, sizeof bytes, nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool SetValidity(X509* certificate, const Validity& validity) {
  const auto seconds = [](WallTime time) { return static_cast<std::time_t>(ToUnixMillis(time) / 1000); };
  return ASN1_TIME_set(X509_getm_notBefore(certificate), seconds(validity.from)) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), seconds(validity.to)) != nullptr;
}

bool SetName(X509_NAME* name, const std::string& common_name) {
  return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, openssl::Data(std::string_view(common_name)),
                                    static_cast<int>(common_name.size()), -1, 0) == 1;
}

bool AddExtension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const openssl::Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

// Takes `value`, which may be null.
bool Push(GENERAL_NAMES* names, int type, void* value) {
  if (value == nullptr) return false;
  GENERAL_NAME* name = GENERAL_NAME_new();
  if (name == nullptr) return false;
  GENERAL_NAME_set0_value(name, type, value);
  if (sk_GENERAL_NAME_push(names, name) > 0) return true;
  GENERAL_NAME_free(name);
  return false;
}

ASN1_IA5STRING* Text(const std::string& text) {
  ASN1_IA5STRING* string = ASN1_IA5STRING_new();
  if (string != nullptr) ASN1_STRING_set(string, text.data(), static_cast<int>(text.size()));
  return string;
}

// Built value by value: a text form would let a name smuggle in another one.
Status AddNames(X509* certificate, const SubjectNames& subject) {
  const Names names(sk_GENERAL_NAME_new_null());
  for (const std::string& dns : subject.dns) {
    PW_TRY(CheckDns(dns));
    if (!Push(names.get(), GEN_DNS, Text(dns))) return openssl::LastError("add a host name");
  }
  for (const std::string& ip : subject.ips) {
    if (!Push(names.get(), GEN_IPADD, a2i_IPADDRESS(ip.c_str()))) {
      ERR_clear_error();
      return InvalidArgument("not an address: " + ip);
    }
  }
  for (const std::string& uri : subject.uris) {
    if (!Push(names.get(), GEN_URI, Text(uri))) return openssl::LastError("add a URI");
  }
  if (X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) != 1) {
    return openssl::LastError("add the names of a certificate");
  }
  return Ok();
}

bool Begin(X509* certificate, const std::string& common_name, const Validity& validity, EVP_PKEY* key) {
  return X509_set_version(certificate, X509_VERSION_3) == 1 && SetSerial(certificate) &&
         SetValidity(certificate, validity) && SetName(X509_get_subject_name(certificate), common_name) &&
         X509_set_pubkey(certificate, key) == 1;
}

}  // namespace

Result<Certificate> MakeRoot(const crypto::PrivateKey& key, const std::string& common_name, Validity validity) {
  const openssl::X509Handle made(X509_new());
  X509* root = made.get();
  const bool done = root != nullptr && Begin(root, common_name, validity, key.handle()) &&
                    X509_set_issuer_name(root, X509_get_subject_name(root)) == 1 &&
                    AddExtension(root, root, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                    AddExtension(root, root, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                    AddExtension(root, root, NID_subject_key_identifier, "hash") &&
                    X509_sign(root, key.handle(), EVP_sha256()) > 0;
  if (!done) return openssl::LastError("make a root certificate");
  return Certificate::FromHandle(root);
}

Result<Certificate> MakeLeaf(const LeafSpec& spec, const crypto::PublicKey& subject_key, const Certificate& root,
                             const crypto::PrivateKey& root_key) {
  const openssl::X509Handle made(X509_new());
  X509* leaf = made.get();
  std::string usage;
  for (const crypto::Purpose purpose : spec.purposes) {
    usage +=
        std::string(usage.empty() ? "" : ",") + (purpose == crypto::Purpose::kServer ? "serverAuth" : "clientAuth");
  }
  const bool begun = leaf != nullptr && Begin(leaf, spec.common_name, spec.validity, subject_key.handle()) &&
                     X509_set_issuer_name(leaf, X509_get_subject_name(root.handle())) == 1 &&
                     AddExtension(leaf, root.handle(), NID_basic_constraints, "critical,CA:FALSE") &&
                     AddExtension(leaf, root.handle(), NID_key_usage, "critical,digitalSignature") &&
                     AddExtension(leaf, root.handle(), NID_ext_key_usage, usage.c_str()) &&
                     AddExtension(leaf, root.handle(), NID_subject_key_identifier, "hash") &&
                     AddExtension(leaf, root.handle(), NID_authority_key_identifier, "keyid:always");
  if (!begun) return openssl::LastError("make a certificate");
  PW_TRY(AddNames(leaf, spec.names));
  if (X509_sign(leaf, root_key.handle(), EVP_sha256()) <= 0) return openssl::LastError("sign a certificate");
  return Certificate::FromHandle(leaf);
}

}  // namespace podwright::ca

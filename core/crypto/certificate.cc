#include "core/crypto/certificate.h"

#include <arpa/inet.h>
#include <openssl/pem.h>

#include <ctime>
#include <utility>

#include "core/digest.h"
#include "core/openssl.h"

namespace podwright::crypto {

namespace {

// More than any chain of ours has; an attacker sends what he likes.
constexpr std::size_t kMaxChain = 16;

std::shared_ptr<X509> Share(openssl::X509Handle handle) {
  return {handle.release(), X509_free};
}

int NoPassphrase(char*, int, int, void*) {
  return -1;
}

std::string CommonNameOf(const X509_NAME* name) {
  const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (at < 0) return {};
  unsigned char* raw = nullptr;
  const int size = ASN1_STRING_to_UTF8(&raw, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
  if (size < 0) return {};
  std::string text(reinterpret_cast<const char*>(raw), static_cast<std::size_t>(size));
  OPENSSL_free(raw);
  return text;
}

std::string TextOf(const ASN1_STRING* string) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<std::size_t>(ASN1_STRING_length(string))};
}

std::string AddressOf(const ASN1_OCTET_STRING* address) {
  char text[INET6_ADDRSTRLEN] = {};
  const int size = ASN1_STRING_length(address);
  const int family = size == 4 ? AF_INET : AF_INET6;
  if (size != 4 && size != 16) return {};
  if (inet_ntop(family, ASN1_STRING_get0_data(address), text, sizeof text) == nullptr) return {};
  return text;
}

WallTime TimeOf(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return FromUnixMillis(0);
  return FromUnixMillis(static_cast<std::int64_t>(timegm(&parts)) * 1000);
}

// Only the leaf's end is overlooked: nothing else about it, and nothing about the root.
int LetExpiredLeafThrough(int ok, X509_STORE_CTX* context) {
  if (ok == 1) return 1;
  const bool expired_leaf =
      X509_STORE_CTX_get_error(context) == X509_V_ERR_CERT_HAS_EXPIRED && X509_STORE_CTX_get_error_depth(context) == 0;
  return expired_leaf ? 1 : 0;
}

openssl::X509Store TrustStore(const std::vector<Certificate>& roots) {
  openssl::X509Store store(X509_STORE_new());
  for (const Certificate& root : roots) {
    if (!store || X509_STORE_add_cert(store.get(), root.handle()) != 1) return nullptr;
  }
  return store;
}

}  // namespace

Certificate Certificate::FromHandle(X509* handle) {
  X509_up_ref(handle);
  return Certificate(Share(openssl::X509Handle(handle)));
}

Result<Certificate> Certificate::FromPem(std::string_view pem) {
  PW_ASSIGN(const std::vector<Certificate> chain, ChainFromPem(pem));
  return chain.front();
}

Result<Certificate> Certificate::FromDer(std::string_view der) {
  const unsigned char* at = openssl::Data(der);
  openssl::X509Handle handle(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (!handle || at != openssl::Data(der) + der.size()) {
    return openssl::LastError("not a certificate in DER", ErrorCode::kInvalidArgument);
  }
  return Certificate(Share(std::move(handle)));
}

Result<std::vector<Certificate>> Certificate::ChainFromPem(std::string_view pem) {
  const openssl::Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  std::vector<Certificate> chain;
  while (bio && chain.size() < kMaxChain) {
    openssl::X509Handle handle(PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr));
    if (!handle) break;
    chain.push_back(Certificate(Share(std::move(handle))));
  }
  // The end of the text is an error for OpenSSL; anything else is one for us.
  const unsigned long last = ERR_peek_last_error();
  if (chain.empty() || (last != 0 && ERR_GET_REASON(last) != PEM_R_NO_START_LINE)) {
    return openssl::LastError("not a certificate in PEM", ErrorCode::kInvalidArgument);
  }
  ERR_clear_error();
  return chain;
}

Result<std::string> Certificate::Pem() const {
  const openssl::Bio bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_X509(bio.get(), handle()) != 1) return openssl::LastError("write a certificate");
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

Result<std::string> Certificate::Der() const {
  unsigned char* raw = nullptr;
  const int size = i2d_X509(handle(), &raw);
  if (size <= 0) return openssl::LastError("write a certificate");
  std::string der(reinterpret_cast<const char*>(raw), static_cast<std::size_t>(size));
  OPENSSL_free(raw);
  return der;
}

Result<std::string> Certificate::Fingerprint() const {
  PW_ASSIGN(const std::string der, Der());
  return Sha256(der).Hex();
}

std::string Certificate::CommonName() const {
  return CommonNameOf(X509_get_subject_name(handle()));
}

SubjectNames Certificate::Names() const {
  SubjectNames names;
  auto* all = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(handle(), NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all, i);
    switch (name->type) {
      case GEN_DNS: names.dns.push_back(TextOf(name->d.dNSName)); break;
      case GEN_URI: names.uris.push_back(TextOf(name->d.uniformResourceIdentifier)); break;
      case GEN_IPADD: names.ips.push_back(AddressOf(name->d.iPAddress)); break;
      default: break;
    }
  }
  GENERAL_NAMES_free(all);
  return names;
}

WallTime Certificate::NotBefore() const {
  return TimeOf(X509_get0_notBefore(handle()));
}
WallTime Certificate::NotAfter() const {
  return TimeOf(X509_get0_notAfter(handle()));
}

std::string Certificate::SerialHex() const {
  const openssl::BigNumber number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(handle()), nullptr));
  if (!number) return {};
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(number.get())), '\0');
  BN_bn2bin(number.get(), openssl::Data(bytes));
  return HexEncode(bytes);
}

Result<PublicKey> Certificate::Key() const {
  return PublicKey::FromHandle(X509_get0_pubkey(handle()));
}
bool Certificate::IsCa() const {
  return X509_check_ca(handle()) == 1;
}

Result<std::string> CreateRequest(const PrivateKey& key, std::string_view common_name) {
  const openssl::X509Request request(X509_REQ_new());
  const EVP_MD* digest = key.type() == KeyType::kEcdsaP256 ? EVP_sha256() : nullptr;
  const bool made =
      request && X509_REQ_set_version(request.get(), 0) == 1 && X509_REQ_set_pubkey(request.get(), key.handle()) == 1 &&
      X509_NAME_add_entry_by_NID(X509_REQ_get_subject_name(request.get()), NID_commonName, MBSTRING_UTF8,
                                 openssl::Data(common_name), static_cast<int>(common_name.size()), -1, 0) == 1 &&
      X509_REQ_sign(request.get(), key.handle(), digest) > 0;
  if (!made) return openssl::LastError("make a signing request");
  unsigned char* raw = nullptr;
  const int size = i2d_X509_REQ(request.get(), &raw);
  if (size <= 0) return openssl::LastError("write a signing request");
  std::string der(reinterpret_cast<const char*>(raw), static_cast<std::size_t>(size));
  OPENSSL_free(raw);
  return der;
}

Result<Request> ParseRequest(std::string_view der) {
  const unsigned char* at = openssl::Data(der);
  const openssl::X509Request request(d2i_X509_REQ(nullptr, &at, static_cast<long>(der.size())));
  if (!request || at != openssl::Data(der) + der.size()) {
    return openssl::LastError("not a signing request in DER", ErrorCode::kInvalidArgument);
  }
  EVP_PKEY* handle = X509_REQ_get0_pubkey(request.get());
  if (handle == nullptr || X509_REQ_verify(request.get(), handle) != 1) {
    return openssl::LastError("a signing request is not signed by its own key", ErrorCode::kInvalidArgument);
  }
  PW_ASSIGN(PublicKey key, PublicKey::FromHandle(handle));
  return Request{std::move(key), CommonNameOf(X509_REQ_get_subject_name(request.get()))};
}

Status VerifyChain(const std::vector<Certificate>& chain, const std::vector<Certificate>& roots, Purpose purpose,
                   WallTime now, Expiry expiry) {
  if (chain.empty()) return Unauthenticated("there is no certificate");
  if (chain.size() > kMaxChain) return Unauthenticated("a certificate chain is too long");
  const openssl::X509Store store = TrustStore(roots);
  const openssl::X509StoreContext context(X509_STORE_CTX_new());
  STACK_OF(X509)* others = sk_X509_new_null();
  for (std::size_t i = 1; i < chain.size(); ++i) sk_X509_push(others, chain[i].handle());
  bool trusted = false;
  bool ready = store && context && X509_STORE_CTX_init(context.get(), store.get(), chain[0].handle(), others) == 1;
  if (ready) {
    X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context.get());
    X509_VERIFY_PARAM_set_time(parameters, static_cast<std::time_t>(ToUnixMillis(now) / 1000));
    if (expiry == Expiry::kAllowed) X509_STORE_CTX_set_verify_cb(context.get(), LetExpiredLeafThrough);
    ready = X509_STORE_CTX_set_purpose(
                context.get(), purpose == Purpose::kServer ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT) == 1;
    trusted = ready && X509_verify_cert(context.get()) == 1;
  }
  const int reason = context ? X509_STORE_CTX_get_error(context.get()) : X509_V_ERR_OUT_OF_MEM;
  sk_X509_free(others);
  ERR_clear_error();
  if (trusted) return Ok();
  return Unauthenticated(std::string("the certificate is not trusted: ") + X509_verify_cert_error_string(reason));
}

}  // namespace podwright::crypto

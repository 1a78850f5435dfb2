// OpenSSL's handles, wrapped once, and its error queue as an Error.
//
// Threading: a handle is used by one thread at a time unless its user says otherwise.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"

namespace podwright::openssl {

template <auto Function>
struct Free {
  template <typename T>
  void operator()(T* handle) const {
    Function(handle);
  }
};

using Bio = std::unique_ptr<BIO, Free<BIO_free_all>>;
using Pkey = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, Free<EVP_PKEY_CTX_free>>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Free<EVP_CIPHER_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>>;
using X509Handle = std::unique_ptr<X509, Free<X509_free>>;
using X509Request = std::unique_ptr<X509_REQ, Free<X509_REQ_free>>;
using X509Store = std::unique_ptr<X509_STORE, Free<X509_STORE_free>>;
using X509StoreContext = std::unique_ptr<X509_STORE_CTX, Free<X509_STORE_CTX_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>>;
using Time = std::unique_ptr<ASN1_TIME, Free<ASN1_TIME_free>>;
using Integer = std::unique_ptr<ASN1_INTEGER, Free<ASN1_INTEGER_free>>;
using BigNumber = std::unique_ptr<BIGNUM, Free<BN_free>>;
using SslContext = std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>>;
using Ssl = std::unique_ptr<SSL, Free<SSL_free>>;

// The last error of this thread's queue, which is emptied.
inline Error LastError(std::string_view what, ErrorCode code = ErrorCode::kInternal) {
  std::string message(what);
  if (const unsigned long last = ERR_peek_last_error(); last != 0) {
    char text[256];
    ERR_error_string_n(last, text, sizeof text);
    message += ": ";
    message += text;
  }
  ERR_clear_error();
  return Error(code, std::move(message));
}

inline const unsigned char* Data(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
inline unsigned char* Data(std::string& bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

}  // namespace podwright::openssl

// An HTTP/1.1 server on 127.0.0.1 whose answers a test writes byte by byte: late ones, broken ones, none at all. With
// TLS its certificate is its own, for 127.0.0.1 or another name.
//
// Threading: the handler runs on one thread for every connection, several at the same time. Close (or the destructor)
// ends all connections and waits for their handlers.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/openssl.h"

namespace podwright::forge::testing {

struct SeenRequest {
  std::string method;
  std::string target;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  int connection = 0;  // 1, 2, … in the order in which they were accepted
};

struct Sending {
  std::string bytes;
  enum { kKeepOpen, kCut, kHang } then = kKeepOpen;  // kHang: nothing more comes, and the connection stays
  bool forever = false;                              // `bytes` again and again, until nobody takes them
};

// A whole answer: "HTTP/1.1 200 OK" with a Content-Length.
Sending Answered(const std::string& body, const std::string& more_headers = "", int status = 200);

class LocalServer {
 public:
  using Handler = std::function<Sending(const SeenRequest&)>;
  // `subject`: "" for plain HTTP, else what the certificate is for: "IP:127.0.0.1", "DNS:other.example".
  explicit LocalServer(Handler handler, const std::string& subject = "");
  ~LocalServer() { Close(); }
  LocalServer(const LocalServer&) = delete;
  LocalServer& operator=(const LocalServer&) = delete;

  std::string url() const;
  const std::string& certificate_pem() const { return certificate_pem_; }
  std::vector<SeenRequest> seen();
  void WaitForRequests(std::size_t count);
  void Close();

 private:
  void UseTls(const std::string& subject);
  void Accept();
  void Serve(int fd, int connection);

  const Handler handler_;
  openssl::SslContext tls_;
  std::string certificate_pem_;
  int listener_ = -1;
  int port_ = 0;
  std::thread accepting_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Protected by mutex_:
  std::vector<int> open_;
  std::vector<std::thread> serving_;
  std::vector<SeenRequest> seen_;
  bool closed_ = false;
};

}  // namespace podwright::forge::testing

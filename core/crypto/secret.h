// Bytes that nobody should see: wiped when they go, never printed, never copied by accident.
//
// Threading: a value; one thread at a time.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <memory>
#include <string_view>

namespace podwright::crypto {

class SecretString {
 public:
  SecretString() = default;
  explicit SecretString(std::string_view bytes);
  // `size` zero bytes, to be written through data().
  explicit SecretString(std::size_t size);
  ~SecretString();
  SecretString(SecretString&& other) noexcept;
  SecretString& operator=(SecretString&& other) noexcept;
  SecretString(const SecretString&) = delete;
  SecretString& operator=(const SecretString&) = delete;

  SecretString Copy() const { return SecretString(Reveal()); }
  // The bytes themselves. What is copied out of here is no longer protected.
  std::string_view Reveal() const { return {bytes_.get(), size_}; }
  char* data() { return bytes_.get(); }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Forgets the bytes beyond `size`.
  void Shrink(std::size_t size);

 private:
  void Wipe();
  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

using SecretBytes = SecretString;

// Takes the same time wherever the two differ.
bool operator==(const SecretString& a, const SecretString& b);
std::ostream& operator<<(std::ostream&, const SecretString&) = delete;

}  // namespace podwright::crypto

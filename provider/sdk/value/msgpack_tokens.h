// The tokens of MessagePack: a bounds-checked reader and an appending writer. Internal to the codec.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"

namespace podwright::sdk {

struct MsgpackToken {
  enum class Kind { kNil, kBool, kInt, kUint, kFloat, kString, kBinary, kArray, kMap, kExtension };
  Kind kind = Kind::kNil;
  bool bool_value = false;
  std::int64_t int_value = 0;    // kInt
  std::uint64_t uint_value = 0;  // kUint
  double float_value = 0;        // kFloat
  std::uint32_t size = 0;        // kArray, kMap: elements or pairs
  std::string_view bytes{};      // kString, kBinary, kExtension: the payload, inside the input
  std::int8_t extension = 0;     // kExtension: its type
};

class MsgpackReader {
 public:
  explicit MsgpackReader(std::string_view input) : input_(input) {}
  Result<MsgpackToken> Next();
  // Reads a value of any kind and all that is in it, without a word about it.
  Status Skip();
  bool done() const { return at_ == input_.size(); }

 private:
  Result<std::uint64_t> BigEndian(std::size_t size);
  Result<std::string_view> Take(std::uint64_t size);
  Result<MsgpackToken> Bytes(MsgpackToken::Kind kind, std::size_t length_size);
  Result<MsgpackToken> Container(MsgpackToken::Kind kind, std::size_t length_size);
  Result<MsgpackToken> Sized(MsgpackToken::Kind kind, std::uint64_t size);
  Result<MsgpackToken> Extension(std::uint64_t size);
  Result<MsgpackToken> Unsigned(std::size_t size);
  Result<MsgpackToken> Signed(std::size_t size);

  std::string_view input_;
  std::size_t at_ = 0;
};

class MsgpackWriter {
 public:
  void Nil() { out_ += '\xc0'; }
  void Unknown() { out_.append("\xd4\x00\x00", 3); }
  void Extension(std::int8_t type, std::string_view payload);
  void Bool(bool value) { out_ += value ? '\xc3' : '\xc2'; }
  void Int(std::int64_t value);  // the shortest form
  void Float(double value);
  void String(std::string_view text);
  void Binary(std::string_view bytes);
  void Array(std::size_t size);
  void Map(std::size_t size);
  std::string Take() && { return std::move(out_); }

 private:
  void BigEndian(std::uint64_t value, std::size_t size);
  void Length(std::size_t size, char form16, char form32);

  std::string out_;
};

}  // namespace podwright::sdk

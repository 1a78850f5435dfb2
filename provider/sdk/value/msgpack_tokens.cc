#include "provider/sdk/value/msgpack_tokens.h"

#include <bit>

namespace podwright::sdk {
namespace {

using Kind = MsgpackToken::Kind;

Error Truncated() {
  return InvalidArgument("msgpack: truncated");
}

}  // namespace

Result<std::string_view> MsgpackReader::Take(std::uint64_t size) {
  if (size > input_.size() - at_) return Truncated();
  const std::string_view taken = input_.substr(at_, static_cast<std::size_t>(size));
  at_ += static_cast<std::size_t>(size);
  return taken;
}

Result<std::uint64_t> MsgpackReader::BigEndian(std::size_t size) {
  PW_ASSIGN(const std::string_view bytes, Take(size));
  std::uint64_t value = 0;
  for (const char byte : bytes) value = (value << 8U) | static_cast<unsigned char>(byte);
  return value;
}

Result<MsgpackToken> MsgpackReader::Bytes(Kind kind, std::size_t length_size) {
  PW_ASSIGN(const std::uint64_t size, BigEndian(length_size));
  return Sized(kind, size);
}

Result<MsgpackToken> MsgpackReader::Sized(Kind kind, std::uint64_t size) {
  MsgpackToken token{.kind = kind};
  if (kind == Kind::kArray || kind == Kind::kMap) {
    // Every element takes a byte at least: a length beyond the input is a lie.
    if (size * (kind == Kind::kMap ? 2 : 1) > input_.size() - at_) return Truncated();
    token.size = static_cast<std::uint32_t>(size);
    return token;
  }
  PW_ASSIGN(token.bytes, Take(size));
  return token;
}

Result<MsgpackToken> MsgpackReader::Container(Kind kind, std::size_t length_size) {
  PW_ASSIGN(const std::uint64_t size, BigEndian(length_size));
  return Sized(kind, size);
}

Result<MsgpackToken> MsgpackReader::Extension(std::uint64_t size) {
  PW_ASSIGN(const std::uint64_t type, BigEndian(1));
  PW_ASSIGN(MsgpackToken token, Sized(Kind::kExtension, size));
  token.extension = static_cast<std::int8_t>(type);
  return token;
}

Result<MsgpackToken> MsgpackReader::Unsigned(std::size_t size) {
  PW_ASSIGN(const std::uint64_t value, BigEndian(size));
  return MsgpackToken{.kind = Kind::kUint, .uint_value = value};
}

Result<MsgpackToken> MsgpackReader::Signed(std::size_t size) {
  PW_ASSIGN(const std::uint64_t value, BigEndian(size));
  const std::size_t shift = 64 - 8 * size;
  return MsgpackToken{.kind = Kind::kInt, .int_value = static_cast<std::int64_t>(value << shift) >> shift};
}

Result<MsgpackToken> MsgpackReader::Next() {
  PW_ASSIGN(const std::uint64_t first, BigEndian(1));
  if (first <= 0x7f) return MsgpackToken{.kind = Kind::kInt, .int_value = static_cast<std::int64_t>(first)};
  if (first <= 0x8f) return Sized(Kind::kMap, first & 0x0fU);
  if (first <= 0x9f) return Sized(Kind::kArray, first & 0x0fU);
  if (first <= 0xbf) return Sized(Kind::kString, first & 0x1fU);
  if (first >= 0xe0) return MsgpackToken{.kind = Kind::kInt, .int_value = static_cast<std::int64_t>(first) - 256};
  switch (first) {
    case 0xc0: return MsgpackToken{};
    case 0xc2: return MsgpackToken{.kind = Kind::kBool, .bool_value = false};
    case 0xc3: return MsgpackToken{.kind = Kind::kBool, .bool_value = true};
    case 0xc4: return Bytes(Kind::kBinary, 1);
    case 0xc5: return Bytes(Kind::kBinary, 2);
    case 0xc6: return Bytes(Kind::kBinary, 4);
    case 0xc7:
    case 0xc8:
    case 0xc9: {
      PW_ASSIGN(const std::uint64_t size, BigEndian(std::size_t{1} << (first - 0xc7)));
      return Extension(size);
    }
    case 0xca: {
      PW_ASSIGN(const std::uint64_t bits, BigEndian(4));
      return MsgpackToken{.kind = Kind::kFloat, .float_value = std::bit_cast<float>(static_cast<std::uint32_t>(bits))};
    }
    case 0xcb: {
      PW_ASSIGN(const std::uint64_t bits, BigEndian(8));
      return MsgpackToken{.kind = Kind::kFloat, .float_value = std::bit_cast<double>(bits)};
    }
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf: return Unsigned(std::size_t{1} << (first - 0xcc));
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3: return Signed(std::size_t{1} << (first - 0xd0));
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8: return Extension(std::uint64_t{1} << (first - 0xd4));
    case 0xd9: return Bytes(Kind::kString, 1);
    case 0xda: return Bytes(Kind::kString, 2);
    case 0xdb: return Bytes(Kind::kString, 4);
    case 0xdc: return Container(Kind::kArray, 2);
    case 0xdd: return Container(Kind::kArray, 4);
    case 0xde: return Container(Kind::kMap, 2);
    case 0xdf: return Container(Kind::kMap, 4);
    default: return InvalidArgument("msgpack: byte 0xc1 is never used");
  }
}

Status MsgpackReader::Skip() {
  for (std::uint64_t left = 1; left > 0; --left) {
    PW_ASSIGN(const MsgpackToken token, Next());
    if (token.kind == Kind::kArray) left += token.size;
    if (token.kind == Kind::kMap) left += std::uint64_t{2} * token.size;
  }
  return Ok();
}

void MsgpackWriter::Extension(std::int8_t type, std::string_view payload) {
  switch (payload.size()) {
    case 1: out_ += '\xd4'; break;
    case 2: out_ += '\xd5'; break;
    case 4: out_ += '\xd6'; break;
    case 8: out_ += '\xd7'; break;
    case 16: out_ += '\xd8'; break;
    default:
      if (payload.size() <= 0xff) {
        out_ += '\xc7';
        BigEndian(payload.size(), 1);
      } else {
        Length(payload.size(), '\xc8', '\xc9');
      }
  }
  out_ += static_cast<char>(type);
  out_ += payload;
}

void MsgpackWriter::BigEndian(std::uint64_t value, std::size_t size) {
  for (std::size_t i = size; i > 0; --i) out_ += static_cast<char>((value >> (8 * (i - 1))) & 0xffU);
}

void MsgpackWriter::Int(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  if (value >= 0) {
    if (value <= 0x7f) return BigEndian(bits, 1);
    if (value <= 0xff) return out_ += '\xcc', BigEndian(bits, 1);
    if (value <= 0xffff) return out_ += '\xcd', BigEndian(bits, 2);
    if (value <= 0xffffffffLL) return out_ += '\xce', BigEndian(bits, 4);
    return out_ += '\xcf', BigEndian(bits, 8);
  }
  if (value >= -32) return BigEndian(bits, 1);
  if (value >= -0x80) return out_ += '\xd0', BigEndian(bits, 1);
  if (value >= -0x8000) return out_ += '\xd1', BigEndian(bits, 2);
  if (value >= -0x80000000LL) return out_ += '\xd2', BigEndian(bits, 4);
  return out_ += '\xd3', BigEndian(bits, 8);
}

void MsgpackWriter::Float(double value) {
  out_ += '\xcb';
  BigEndian(std::bit_cast<std::uint64_t>(value), 8);
}

void MsgpackWriter::Length(std::size_t size, char form16, char form32) {
  out_ += size <= 0xffff ? form16 : form32;
  BigEndian(size, size <= 0xffff ? 2 : 4);
}

void MsgpackWriter::String(std::string_view text) {
  if (text.size() <= 31) {
    out_ += static_cast<char>(0xa0U | text.size());
  } else if (text.size() <= 0xff) {
    out_ += '\xd9';
    BigEndian(text.size(), 1);
  } else {
    Length(text.size(), '\xda', '\xdb');
  }
  out_ += text;
}

void MsgpackWriter::Binary(std::string_view bytes) {
  if (bytes.size() <= 0xff) {
    out_ += '\xc4';
    BigEndian(bytes.size(), 1);
  } else {
    Length(bytes.size(), '\xc5', '\xc6');
  }
  out_ += bytes;
}

void MsgpackWriter::Array(std::size_t size) {
  if (size <= 15) {
    out_ += static_cast<char>(0x90U | size);
  } else {
    Length(size, '\xdc', '\xdd');
  }
}

void MsgpackWriter::Map(std::size_t size) {
  if (size <= 15) {
    out_ += static_cast<char>(0x80U | size);
  } else {
    Length(size, '\xde', '\xdf');
  }
}

}  // namespace podwright::sdk

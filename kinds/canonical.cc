// Works on the encoded message, not by reflection: the generated encoder is fast, and reflection would make a second
// copy of every map inside the message.
#include "kinds/canonical.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include "podwright/v1/options.pb.h"

namespace podwright::kinds {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

constexpr char kFormatVersion = 1;
enum Form : std::uint8_t { kVarint = 0, kEight = 1, kBytes = 2, kMessage = 3, kList = 4, kFour = 5, kMap = 6 };

struct Plan;

// How a field, an element or a map's key or value is written.
struct Step {
  std::uint32_t number = 0;
  Form form = kVarint;  // of the elements of a list, of the values of a map
  bool is_double = false;
  bool is_float = false;
  bool is_list = false;
  bool is_map = false;
  bool volatile_fact = false;
  bool write_only = false;
  const Plan* child = nullptr;  // of a message; of a map: the plan of its entries
};

struct Plan {
  std::vector<Step> steps;  // by number

  const Step* Find(std::uint32_t number) const {
    // Most messages number their fields from 1 without gaps.
    if (number - 1 < steps.size() && steps[number - 1].number == number) return &steps[number - 1];
    const auto found = std::lower_bound(steps.begin(), steps.end(), number,
                                        [](const Step& step, std::uint32_t n) { return step.number < n; });
    return found != steps.end() && found->number == number ? &*found : nullptr;
  }
};

Form FormOf(const FieldDescriptor& field) {
  switch (field.type()) {
    case FieldDescriptor::TYPE_STRING:
    case FieldDescriptor::TYPE_BYTES: return kBytes;
    case FieldDescriptor::TYPE_MESSAGE: return kMessage;
    case FieldDescriptor::TYPE_DOUBLE:
    case FieldDescriptor::TYPE_FIXED64:
    case FieldDescriptor::TYPE_SFIXED64: return kEight;
    case FieldDescriptor::TYPE_FLOAT:
    case FieldDescriptor::TYPE_FIXED32:
    case FieldDescriptor::TYPE_SFIXED32: return kFour;
    default: return kVarint;
  }
}

// Plans are made once for each message type and live as long as the program.
class Plans {
 public:
  const Plan& Of(const Descriptor* descriptor) {
    {
      const std::shared_lock lock(mutex_);
      const auto found = plans_.find(descriptor);
      if (found != plans_.end()) return *found->second;
    }
    const std::unique_lock lock(mutex_);
    return *Make(descriptor);
  }

 private:
  // Under the lock; readers see nothing before all plans that it leads to are complete.
  const Plan* Make(const Descriptor* descriptor) {
    std::unique_ptr<Plan>& slot = plans_[descriptor];
    if (slot != nullptr) return slot.get();
    slot = std::make_unique<Plan>();
    Plan* const plan = slot.get();
    for (int i = 0; i < descriptor->field_count(); ++i) {
      const FieldDescriptor& field = *descriptor->field(i);
      const v1::FieldRule& rule = field.options().GetExtension(v1::field);
      Step step;
      step.number = static_cast<std::uint32_t>(field.number());
      step.is_map = field.is_map();
      step.is_list = field.is_repeated() && !step.is_map;
      step.form = FormOf(step.is_map ? *field.message_type()->map_value() : field);
      step.is_double = field.type() == FieldDescriptor::TYPE_DOUBLE;
      step.is_float = field.type() == FieldDescriptor::TYPE_FLOAT;
      step.volatile_fact = rule.volatile_fact();
      step.write_only = rule.write_only();
      if (field.type() == FieldDescriptor::TYPE_MESSAGE) step.child = Make(field.message_type());
      plan->steps.push_back(step);
    }
    std::sort(plan->steps.begin(), plan->steps.end(), [](const Step& a, const Step& b) { return a.number < b.number; });
    return plan;
  }

  std::shared_mutex mutex_;
  std::map<const Descriptor*, std::unique_ptr<Plan>> plans_;
};

// Reads protobuf's encoding, which our own encoder has made.
class Reader {
 public:
  explicit Reader(std::string_view data) : data_(data) {}

  bool done() const { return data_.empty(); }

  std::uint64_t Varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !data_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(data_[0]);
      data_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
      if ((byte & 0x80U) == 0) break;
    }
    return value;
  }

  std::string_view Take(std::size_t count) {
    const std::string_view taken = data_.substr(0, count);
    data_.remove_prefix(taken.size());
    return taken;
  }

  std::string_view Bytes() { return Take(static_cast<std::size_t>(Varint())); }

  // What an unknown field of the wire type holds.
  void Skip(unsigned wire_type) {
    switch (wire_type) {
      case 0: Varint(); break;
      case 1: Take(8); break;
      case 2: Bytes(); break;
      case 5: Take(4); break;
      case 3:
        for (;;) {
          const std::uint64_t tag = Varint();
          if ((tag & 7U) == 4 || done()) return;
          Skip(static_cast<unsigned>(tag & 7U));
        }
      default: break;
    }
  }

 private:
  std::string_view data_;
};

struct Value {
  const Step* step = nullptr;
  std::uint64_t number = 0;  // of a varint
  std::string_view bytes;    // of everything else
};

class Writer {
 public:
  Writer(const CanonicalOptions& options, std::string* out) : options_(options), out_(*out) {}

  void Message(const Plan& plan, std::string_view wire) {
    const std::size_t base = values_.size();
    Collect(plan, wire);
    const auto by_number = [](const Value& a, const Value& b) { return a.step->number < b.step->number; };
    const auto begin = values_.begin() + static_cast<std::ptrdiff_t>(base);
    if (!std::is_sorted(begin, values_.end(), by_number)) std::stable_sort(begin, values_.end(), by_number);
    for (std::size_t i = base; i < values_.size();) {
      std::size_t end = i + 1;
      while (end < values_.size() && values_[end].step == values_[i].step) ++end;
      Field(i, end);
      i = end;
    }
    values_.resize(base);
    out_ += '\0';
  }

 private:
  void Collect(const Plan& plan, std::string_view wire) {
    Reader reader(wire);
    while (!reader.done()) {
      const std::uint64_t tag = reader.Varint();
      const auto wire_type = static_cast<unsigned>(tag & 7U);
      const Step* step = plan.Find(static_cast<std::uint32_t>(tag >> 3U));
      if (step == nullptr) {
        reader.Skip(wire_type);
      } else if (step->is_list && wire_type == 2 && step->form != kBytes && step->form != kMessage) {
        Reader packed(reader.Bytes());
        while (!packed.done()) values_.push_back(Read(*step, &packed));
      } else {
        values_.push_back(Read(*step, &reader));
      }
    }
  }

  static Value Read(const Step& step, Reader* reader) {
    if (step.is_map) return {&step, 0, reader->Bytes()};
    switch (step.form) {
      case kVarint: return {&step, reader->Varint(), {}};
      case kEight: return {&step, 0, reader->Take(8)};
      case kFour: return {&step, 0, reader->Take(4)};
      default: return {&step, 0, reader->Bytes()};
    }
  }

  // Indices, not iterators: writing a message inside grows `values_`.
  void Field(std::size_t begin, std::size_t end) {
    const Step& step = *values_[begin].step;
    if ((options_.without_volatile && step.volatile_fact) || (options_.without_write_only && step.write_only)) return;
    if (step.is_map) {
      Map(step, begin, end);
      return;
    }
    if (!step.is_list) {
      Tag(step, step.form);
      Write(step, values_[end - 1]);
      return;
    }
    Tag(step, kList);
    out_ += static_cast<char>(step.form);
    Varint(end - begin);
    for (std::size_t i = begin; i < end; ++i) Write(step, values_[i]);
  }

  void Map(const Step& step, std::size_t begin, std::size_t end) {
    const Step& key_step = *step.child->Find(1);
    const Step& value_step = *step.child->Find(2);
    struct Entry {
      Value key;
      Value value;
    };
    std::vector<Entry> entries;
    entries.reserve(end - begin);
    for (std::size_t i = begin; i < end; ++i) {
      Entry entry{{&key_step, 0, {}}, {&value_step, 0, {}}};
      Reader reader(values_[i].bytes);
      while (!reader.done()) {
        const std::uint64_t tag = reader.Varint();
        if (tag >> 3U == 1) {
          entry.key = Read(key_step, &reader);
        } else if (tag >> 3U == 2) {
          entry.value = Read(value_step, &reader);
        } else {
          reader.Skip(static_cast<unsigned>(tag & 7U));
        }
      }
      entries.push_back(entry);
    }
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
      return a.key.bytes != b.key.bytes ? a.key.bytes < b.key.bytes : a.key.number < b.key.number;
    });
    Tag(step, kMap);
    out_ += static_cast<char>(step.form);
    Varint(entries.size());
    for (const Entry& entry : entries) {
      Write(key_step, entry.key);
      Write(value_step, entry.value);
    }
  }

  void Write(const Step& step, const Value& value) {
    switch (step.form) {
      case kVarint: Varint(value.number); break;
      case kEight: step.is_double ? Float<double, std::uint64_t>(value.bytes) : Fixed(value.bytes, 8); break;
      case kFour: step.is_float ? Float<float, std::uint32_t>(value.bytes) : Fixed(value.bytes, 4); break;
      case kMessage:
        // A copy of the view: `value` may lie in `values_`, which grows.
        Message(*step.child, std::string_view(value.bytes));
        break;
      default:
        Varint(value.bytes.size());
        out_ += value.bytes;
        break;
    }
  }

  void Fixed(std::string_view bytes, std::size_t count) {
    out_ += bytes;
    out_.append(count - bytes.size(), '\0');
  }

  template <typename F, typename Bits>
  void Float(std::string_view bytes) {
    Bits bits = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      bits |= static_cast<Bits>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    }
    auto number = std::bit_cast<F>(bits);
    if (number == 0) number = 0;  // -0.0, too
    if (std::isnan(number)) number = std::numeric_limits<F>::quiet_NaN();
    bits = std::bit_cast<Bits>(number);
    for (std::size_t i = 0; i < sizeof(Bits); ++i) out_ += static_cast<char>((bits >> (8 * i)) & 0xffU);
  }

  void Tag(const Step& step, Form form) { Varint(static_cast<std::uint64_t>(step.number) << 3U | form); }

  void Varint(std::uint64_t value) {
    while (value >= 0x80) {
      out_ += static_cast<char>((value & 0x7fU) | 0x80U);
      value >>= 7U;
    }
    out_ += static_cast<char>(value);
  }

  const CanonicalOptions& options_;
  std::string& out_;
  std::vector<Value> values_;
};

}  // namespace

std::string CanonicalBytes(const google::protobuf::Message& message, const CanonicalOptions& options) {
  static auto* const plans = new Plans;
  std::string wire;
  message.SerializePartialToString(&wire);
  std::string out;
  out.reserve(wire.size() + 32);
  out += kFormatVersion;
  Writer(options, &out).Message(plans->Of(message.GetDescriptor()), wire);
  return out;
}

}  // namespace podwright::kinds

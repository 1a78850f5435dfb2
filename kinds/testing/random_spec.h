// Random specs that keep the rules of their kind, made from descriptors alone: for property tests of every kind.
#pragma once

#include <memory>

#include "core/random.h"

namespace google::protobuf {
class Message;
}

namespace podwright::kinds {

class Kind;

// Valid by the options' rules; cross-field rules may be broken. Seeded by `random`.
std::unique_ptr<google::protobuf::Message> RandomSpec(const Kind& kind, SeededRandom* random);

}  // namespace podwright::kinds

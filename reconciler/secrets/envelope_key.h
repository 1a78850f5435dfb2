// The file of the envelope key: outside the data folder, so that a copy of the data alone opens no secret.
//
// One key a line, "<id> <base64 of 32 bytes>"; the last one is the current one, the others open old data.
// Lines that begin with # are comments.
// Threading: called once at the start.
#pragma once

#include <filesystem>

#include "core/crypto/envelope.h"
#include "core/result.h"

namespace podwright::secrets {

// Made, with mode 0600, when it is missing. kFailedPrecondition: it lies inside `data_folder`, is no
// ordinary file, belongs to somebody else or can be read by others. kDataLoss: it is not a key file.
// kNotFound: missing, while `create` says that there is data under a key already.
enum class IfMissing { kCreate, kFail };
Result<crypto::EnvelopeKeyring> LoadEnvelopeKey(const std::filesystem::path& file,
                                                const std::filesystem::path& data_folder,
                                                IfMissing if_missing = IfMissing::kCreate);

}  // namespace podwright::secrets

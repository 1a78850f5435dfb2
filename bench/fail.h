// The end of a benchmark that cannot go on. Threading: any thread.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "core/result.h"

namespace podwright::bench {

[[noreturn]] inline void Fail(const std::string& what) {
  std::fprintf(stderr, "the benchmark cannot go on: %s\n", what.c_str());
  std::exit(1);
}

template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) Fail(result.error().ToString());
  return std::move(result).value();
}

}  // namespace podwright::bench

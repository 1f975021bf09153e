/// Checks for the CTest programs: a failed one prints where and what, and the program's exit code says so.
#pragma once

#include <cstdio>
#include <string>

namespace bierl::test {

inline int& failures() {
  static int count = 0;
  return count;
}

inline void check(bool holds, const char* what, const char* file, int line) {
  if (holds) return;
  ++failures();
  std::fprintf(stderr, "%s:%d: failed: %s\n", file, line, what);
}

/// The message of the Error that `action` throws; counts a failure and answers "" when it throws none.
template <class Error, class Action>
std::string message_of(const Action& action, const char* file, int line) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  check(false, "expected an exception", file, line);
  return "";
}

/// What main returns.
inline int verdict() { return failures() == 0 ? 0 : 1; }

}  // namespace bierl::test

#define CHECK(condition) ::bierl::test::check((condition), #condition, __FILE__, __LINE__)
#define MESSAGE_OF(Error, ...) ::bierl::test::message_of<Error>([&] { __VA_ARGS__; }, __FILE__, __LINE__)

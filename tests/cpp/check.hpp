/// Tests and their checks. Every test is a CTest case of its own (CMakeLists.txt reads the TEST lines); a failed check
/// prints where and what, and the program's exit code says so.
///
///     TEST(name) { ... }               TEST(name, threads) { ... }    the labels that CTest gives it
#pragma once

#include <atomic>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

namespace bierl::test {

struct Case {
  const char* name;
  void (*run)();
};

inline std::vector<Case>& cases() {
  static std::vector<Case> all;
  return all;
}

struct Registered {
  Registered(const char* name, void (*run)()) {
    for (const Case& other : cases())
      if (std::string(other.name) == name) throw std::logic_error("two tests are called " + std::string(name));
    cases().push_back({name, run});
  }
};

inline std::atomic<int>& failures() {
  static std::atomic<int> count{0};
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

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// tests/data, and Gymnasium's folder of model files.
inline std::string data_folder() { return BIERL_TEST_DATA; }
#ifdef BIERL_TEST_ASSETS
inline std::string assets_folder() { return BIERL_TEST_ASSETS; }
#endif

}  // namespace bierl::test

#define TEST(name, ...)                                           \
  void name();                                                    \
  const ::bierl::test::Registered registered_##name(#name, name); \
  void name()
#define CHECK(condition) ::bierl::test::check((condition), #condition, __FILE__, __LINE__)
#define MESSAGE_OF(Error, ...) ::bierl::test::message_of<Error>([&] { __VA_ARGS__; }, __FILE__, __LINE__)

// PROGRAM [NAME]...: runs these tests, without a name all of them. Exit code 1: a check failed; 2: no such test.
#include <cstdio>
#include <string>

#include "check.hpp"

int main(int count, char** arguments) {
  using bierl::test::Case;
  std::vector<Case> chosen = count == 1 ? bierl::test::cases() : std::vector<Case>();
  for (int i = 1; i < count; ++i) {
    const std::size_t before = chosen.size();
    for (const Case& each : bierl::test::cases())
      if (std::string(each.name) == arguments[i]) chosen.push_back(each);
    if (chosen.size() > before) continue;
    std::fprintf(stderr, "no test named '%s'; known:\n", arguments[i]);
    for (const Case& each : bierl::test::cases()) std::fprintf(stderr, "  %s\n", each.name);
    return 2;
  }
  for (const Case& each : chosen) each.run();
  return bierl::test::failures() == 0 ? 0 : 1;
}

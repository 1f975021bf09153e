// Enumerations by name.
#include <string>

#include <bierl/core/actor.hpp>
#include <bierl/core/error.hpp>
#include <bierl/core/functions.hpp>
#include <bierl/core/names.hpp>

#include "../check.hpp"

namespace bierl::test {
namespace {

template <typename Enum>
void check_names(std::size_t count) {
  CHECK(names_of<Enum>().size() == count);
  for (const std::string& name : names_of<Enum>()) CHECK(name_of(named<Enum>(name)) == name);
}

TEST(names_lead_back_to_themselves) {
  check_names<Activation>(2);
  check_names<Squash>(3);
  check_names<ActionNoise>(3);
  check_names<Behavior>(4);
  check_names<FunctionKind>(4);
}

TEST(an_unknown_name_lists_the_known) {
  CHECK(MESSAGE_OF(ArgumentError, named<Squash>("clipp")) ==
        "no squash named 'clipp'; did you mean 'clip'? known: clip, none, tanh");
  CHECK(MESSAGE_OF(ArgumentError, named<FunctionKind>("sphere")) ==
        "no test function named 'sphere'; known: ackley, quadratic, rastrigin, rosenbrock");
  CHECK(MESSAGE_OF(ArgumentError, name_of(Activation::identity)) == "no activation has the value 0");
}

}  // namespace
}  // namespace bierl::test

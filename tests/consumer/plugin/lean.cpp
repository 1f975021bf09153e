// lean.cpp
#include <bierl/mujoco/terms/names.hpp>
#include <bierl/mujoco/terms/plugin.hpp>

using namespace bierl::mujoco::terms;

/// How far a body's z axis is from pointing up: 0 to 2.
class Lean final : public Computed {
 public:
  struct Options {
    std::string body;
    static Options read(bierl::OptionReader& reader) { return {reader.text("body", "torso")}; }
  };
  Lean(const Moment& moment, const Options& options, const std::string& who)
      : Computed(1), up_(moment.data->xmat + 9 * find_named(moment.model, mjOBJ_BODY, options.body, who) + 8) {}

 private:
  void write(double* out) const override { *out = 1.0 - *up_; }
  const double* up_;
};

BIERL_TERMS(quantity<Lean>("lean", "How far `body` leans: 0 to 2."))

// A library of terms, as a user writes one.
#include <cmath>
#include <limits>

#include <bierl/mujoco/terms/names.hpp>
#include <bierl/mujoco/terms/plugin.hpp>

namespace {

using bierl::OptionReader;
using namespace bierl::mujoco::terms;

/// How far a joint is from an angle, and its square.
class Away final : public Computed {
 public:
  struct Options {
    std::string joint;
    double angle;
    static Options read(OptionReader& reader) {
      reader.require_given("joint", "the name of a joint");
      return {reader.text("joint", ""), reader.number("angle", 0.0)};
    }
  };
  Away(const Moment& moment, const Options& options, const std::string& who) : Computed(2), angle_(options.angle) {
    const int joint = find_named(moment.model, mjOBJ_JOINT, options.joint, who);
    position_ = moment.data->qpos + moment.model->jnt_qposadr[joint];
  }

 private:
  void write(double* out) const override {
    out[0] = *position_ - angle_;
    out[1] = out[0] * out[0];
  }
  const double* position_;
  double angle_;
};

/// The positions of all joints; not a number once the first velocity is above 0.
class Fragile final : public Computed {
 public:
  using Options = NoOptions;
  Fragile(const Moment& moment, const Options&, const std::string&) : Computed(moment.model->nq), moment_(moment) {}

 private:
  void write(double* out) const override {
    std::copy_n(moment_.data->qpos, size(), out);
    if (moment_.data->qvel[0] > 0.0) out[0] = std::numeric_limits<double>::quiet_NaN();
  }
  const Moment& moment_;
};

}  // namespace

BIERL_TERMS(quantity<Away>("away", "How far `joint` is from `angle`, and the square of it."),
            quantity<Fragile>("fragile", "Positions, and at times no number."))

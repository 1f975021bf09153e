/// Quantities: what a task's terms read of a simulation after a step.
///
///     name, options -> find_quantity(name).make(options, moment) -> Quantity: read() -> `size` numbers
///
/// One small class each, in a file for each kind of thing they speak of (joints.cpp, bodies.cpp, ...). Names are looked
/// up when a quantity is made; read() runs inside MuJoCo's guard, allocates nothing, and has no object with a
/// destructor alive while MuJoCo is called.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <mujoco/mujoco.h>
#include <bierl/episode/options.hpp>

namespace bierl::mujoco::terms {

/// What quantities read, as it is after the last step or reset. It stays where it is as long as its task lives.
struct Moment {
  const mjModel* model;
  mjData* data;
  double dt;                           ///< seconds in one control step
  std::vector<float> action;           ///< (nu,) of the last step; zeros after a reset
  std::vector<float> previous_action;  ///< (nu,) of the step before it; zeros after a reset
  std::vector<double> command = {};    ///< what the reset term `command` drew; empty without one
  bool healthy = true;                 ///< no termination holds
};

class Quantity {
 public:
  explicit Quantity(mjtSize size) : size_(size) {}
  virtual ~Quantity() = default;
  Quantity(const Quantity&) = delete;
  Quantity& operator=(const Quantity&) = delete;

  mjtSize size() const { return size_; }
  /// (size,) float64, in mjData or in this object's own memory: until the next step or read.
  virtual const double* read() = 0;
  /// Whether it reads forces of contacts, which MuJoCo works out when asked alone (mj_rnePostConstraint).
  virtual bool reads_contact_forces() const { return false; }

 private:
  mjtSize size_;
};

/// A quantity that is worked out into memory of its own.
class Computed : public Quantity {
 public:
  explicit Computed(mjtSize size) : Quantity(size), values_(static_cast<std::size_t>(size)) {}
  const double* read() final {
    write(values_.data());
    return values_.data();
  }

 private:
  virtual void write(double* out) const = 0;
  std::vector<double> values_;
};

/// One line of the table of quantities.
struct QuantityEntry {
  std::string name;
  std::string help;                  ///< for docs: numbers, units, what options mean
  std::vector<std::string> options;  ///< names of the options it takes itself
  /// Reads the options alone, without a model.
  void (*check)(OptionReader& reader);
  std::unique_ptr<Quantity> (*make)(OptionReader& reader, const Moment& moment);
};

using bierl::NoOptions;  // a library names it as one of the things that terms are made of

/// The entry of class T, which has T::Options::read(OptionReader&) and T(moment, options, who): `who` is what errors
/// call the term.
template <class T>
QuantityEntry quantity(const char* name, const char* help) {
  return {.name = name,
          .help = help,
          .options = option_names<typename T::Options>(name),
          .check = read_alone<typename T::Options>,
          .make = [](OptionReader& options, const Moment& moment) -> std::unique_ptr<Quantity> {
            return std::make_unique<T>(moment, T::Options::read(options), options.task());
          }};
}

/// Every quantity, by kind: what tasks may name, and what docs list.
const std::vector<QuantityEntry>& quantities();
/// One that is code (code.hpp) too. ArgumentError with the nearest name for one that is not there; `more` are names
/// that `who` takes beside them.
const QuantityEntry& find_quantity(const std::string& who, const std::string& name,
                                   const std::vector<std::string>& more = {});

std::vector<QuantityEntry> joint_quantities();
std::vector<QuantityEntry> body_quantities();
std::vector<QuantityEntry> place_quantities();
std::vector<QuantityEntry> control_quantities();

}  // namespace bierl::mujoco::terms

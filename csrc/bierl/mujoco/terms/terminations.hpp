/// Terminations: what ends an episode, or at least takes `alive` away.
#pragma once

#include <string>

#include <bierl/mujoco/terms/reading.hpp>

namespace bierl::mujoco::terms {

/// Holds where any number of a reading is outside a range (or not a number).
class Termination {
 public:
  /// Throws ArgumentError for what is wrong with the options or with the model's names.
  Termination(const std::string& who, const TaskOptions& options, const Moment& moment);
  /// Reads a term's options, without a model.
  static void check(const std::string& who, const TaskOptions& options);

  /// Runs as Quantity::read does.
  bool holds();
  /// Whether a number of what was read is none; such a termination holds.
  bool undefined() const;
  bool ends() const { return options_.ends; }  ///< else it takes `alive` away alone
  Reading& reading() { return reading_; }

 private:
  struct Options {
    std::string kind;
    Range range;
    bool ends_included;
    bool ends;
    ReadingOptions reading;
    static Options read(OptionReader& reader);
  };
  Termination(const std::string& who, OptionReader&& reader, const Moment& moment);

  Options options_;
  Reading reading_;
  const double* values_ = nullptr;  // what was read last
};

}  // namespace bierl::mujoco::terms

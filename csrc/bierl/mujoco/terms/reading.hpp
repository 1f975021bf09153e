/// What one term reads: a part of a quantity, or of its rate of change, cut to a range and scaled.
///
///     options -> Reading -> remember() before a step -> read() after it
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <bierl/mujoco/terms/quantity.hpp>

namespace bierl::mujoco::terms {

/// The options that every reading takes beside its quantity's own.
struct ReadingOptions {
  int skip;                   ///< numbers that are left out at the front
  int count;                  ///< numbers that are taken; 0: all that are left
  bool rate;                  ///< (after - before) / dt instead, in a step
  std::optional<Range> clip;  ///< each number is cut to it
  double scale;               ///< and then multiplied
  static ReadingOptions read(OptionReader& reader);
};

class Reading {
 public:
  /// Throws ArgumentError when the part is none of the quantity; `who` is what errors call the term.
  Reading(std::unique_ptr<Quantity> quantity, const ReadingOptions& options, double dt, const std::string& who);

  mjtSize size() const { return size_; }
  bool is_rate() const { return rate_; }
  bool reads_contact_forces() const { return quantity_->reads_contact_forces(); }
  /// Of a rate: what the next one is taken from.
  void remember();
  /// (size,) float64: until the next step or read.
  const double* read();

 private:
  std::unique_ptr<Quantity> quantity_;
  int skip_;
  mjtSize size_;
  bool rate_;
  bool as_it_is_;  // nothing to work out
  Range clip_;
  double scale_;
  double dt_;
  std::vector<double> before_;
  std::vector<double> values_;
};

}  // namespace bierl::mujoco::terms

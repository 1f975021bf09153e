/// What code terms see of a simulation: fields of mjData by name, as arrays of doubles.
///
///     Moment -> Views: a pointer and a number of rows for each line of fields()
///
/// MuJoCo keeps the arrays of an mjData where they are as long as it lives, so views are made once.
#pragma once

#include <cstdint>
#include <vector>

#include <bierl/mujoco/terms/quantity.hpp>

namespace bierl::mujoco::terms {

/// One line of the table: (rows, columns) doubles; with one column, (rows,).
struct Field {
  const char* name;
  int columns;
  const double* (*values)(const Moment& moment);
  std::int64_t (*rows)(const Moment& moment);
};

/// Their order is a part of the signature of compiled terms: a new one goes to the end.
const std::vector<Field>& fields();

/// The views of one simulation, for a compiled term.
class Views {
 public:
  /// Without `contact_forces` the field that MuJoCo works out when asked alone holds NaN.
  Views(const Moment& moment, bool contact_forces);

  const double* const* values() const { return values_.data(); }
  const std::int64_t* rows() const { return rows_.data(); }

 private:
  std::vector<const double*> values_;
  std::vector<std::int64_t> rows_;
  std::vector<double> not_worked_out_;
};

}  // namespace bierl::mujoco::terms

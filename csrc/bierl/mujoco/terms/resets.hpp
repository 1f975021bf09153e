/// Resets: noise on the state that an episode starts from, drawn term by term.
#pragma once

#include <string>
#include <vector>

#include <bierl/episode/numpy_random.hpp>
#include <bierl/mujoco/terms/quantity.hpp>

namespace bierl::mujoco::terms {

/// Adds scale * a draw to each of some numbers of the state, in their order.
class ResetNoise {
 public:
  /// Throws ArgumentError for what is wrong with the options or with the model's names.
  ResetNoise(const std::string& who, const TaskOptions& options, const Moment& moment);
  /// Reads a term's options, without a model.
  static void check(const std::string& who, const TaskOptions& options);

  void add(NumpyRandom& random) const;

 private:
  struct Options {
    bool positions;  ///< else velocities
    bool normal;     ///< else uniform
    double scale;
    std::vector<std::string> joints;
    static Options read(OptionReader& reader);
  };
  struct Place {
    double* first;
    int count;
  };

  bool normal_;
  double scale_;
  std::vector<Place> places_;
};

}  // namespace bierl::mujoco::terms

/// Resets: what an episode starts with, drawn term by term: noise on its state, and what is commanded.
#pragma once

#include <string>
#include <vector>

#include <bierl/episode/numpy_random.hpp>
#include <bierl/mujoco/terms/quantity.hpp>

namespace bierl::mujoco::terms {

/// Adds scale * a draw to each of some numbers of the state, or draws some numbers of the command, in their order.
class ResetTerm {
 public:
  /// Throws ArgumentError for what is wrong with the options or with the model's names.
  /// A command gets its place in the moment's, behind those that were made before.
  ResetTerm(const std::string& who, const TaskOptions& options, Moment& moment);
  /// Reads a term's options, without a model.
  static void check(const std::string& who, const TaskOptions& options);

  void draw(NumpyRandom& random) const;

 private:
  struct Options {
    std::string kind;
    bool normal;  ///< else uniform
    double scale;
    std::vector<std::string> joints;
    std::vector<double> low, high;  ///< of a command
    static Options read(OptionReader& reader);
  };
  struct Place {
    double* first;
    int count;
  };

  Options options_;
  Moment* moment_;
  std::vector<Place> places_;  // of joints
  std::size_t first_ = 0;      // of the command
};

}  // namespace bierl::mujoco::terms

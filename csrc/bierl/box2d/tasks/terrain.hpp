/// The ground of BipedalWalker-v3: grass, and in the hardcore version stumps, stairs and pits.
#pragma once

#include <array>

#include <bierl/box2d/simulation.hpp>
#include <bierl/episode/numpy_random.hpp>

namespace bierl::box2d::tasks {

inline constexpr double kWalkerScale = 30;
inline constexpr double kWalkerWidth = 600 / kWalkerScale;  ///< of what Gymnasium shows
inline constexpr double kWalkerHeight = 400 / kWalkerScale;
inline constexpr double kTerrainStep = 14 / kWalkerScale;
inline constexpr int kTerrainLength = 200;  ///< in steps
inline constexpr double kTerrainHeight = kWalkerHeight / 4;
inline constexpr int kTerrainGrass = 10;  ///< the longest stretch of grass, in steps
inline constexpr int kTerrainStart = 20;  ///< steps of grass to begin with

/// Builds the ground in the order in which Gymnasium draws and builds it.
class Terrain {
 public:
  Terrain(Simulation& simulation, NumpyRandom& random, bool hardcore)
      : simulation_(simulation), random_(random), hardcore_(hardcore) {}

  void build();

 private:
  enum class Kind : std::int64_t { grass = 0, stump = 1, stairs = 2, pit = 3 };

  void shape(int i, double x);
  void roll(int i);
  void dig(double x);
  void put_stump(double x);
  void put_stairs(double x);
  void climb();
  void change();
  /// Four corners: left to right along the upper side, and back along the lower one.
  void block(double left, double right, double first, double second);

  Simulation& simulation_;
  NumpyRandom& random_;
  bool hardcore_;
  Kind kind_ = Kind::grass;
  bool begins_ = false;  // a stretch of `kind_` begins here
  std::int64_t counter_ = kTerrainStart;
  double velocity_ = 0;
  double y_ = kTerrainHeight;
  double before_ = 0;  // y before a pit or stairs
  std::int64_t stairs_ = 0;
  std::int64_t stair_width_ = 0;
  std::int64_t stair_height_ = 0;
};

}  // namespace bierl::box2d::tasks

// Semantics: BipedalWalker._generate_terrain of gymnasium/envs/box2d/bipedal_walker.py.
#include <bierl/box2d/tasks/terrain.hpp>

#include <type_traits>

#include <bierl/box2d/box2d_task.hpp>

namespace bierl::box2d::tasks {
namespace {

constexpr Material kGround{.friction = 2.5F};

}  // namespace

// It lives in a frame that an assertion of the engine leaves by longjmp.
static_assert(std::is_trivially_destructible_v<Terrain>);

void Terrain::build() {
  std::array<double, kTerrainLength> height;
  for (int i = 0; i < kTerrainLength; ++i) {
    shape(i, i * kTerrainStep);
    begins_ = false;
    height[static_cast<std::size_t>(i)] = y_;
    if (--counter_ == 0) change();
  }
  for (int i = 0; i + 1 < kTerrainLength; ++i) {
    const auto at = static_cast<std::size_t>(i);
    Body* const piece = simulation_.body(BodyType::fixed, {0, 0}, 0);
    simulation_.edge(piece, rounded(i * kTerrainStep, height[at]), rounded((i + 1) * kTerrainStep, height[at + 1]),
                     kGround);
  }
}

void Terrain::shape(int i, double x) {
  switch (kind_) {
    case Kind::grass:
      return begins_ ? void() : roll(i);
    case Kind::stump:
      return begins_ ? put_stump(x) : void();
    case Kind::stairs:
      return begins_ ? put_stairs(x) : climb();
    case Kind::pit:
      if (begins_) return dig(x);
      y_ = before_;
      if (counter_ > 1) y_ -= 4 * kTerrainStep;
  }
}

void Terrain::roll(int i) {
  velocity_ = 0.8 * velocity_ + 0.01 * sign(kTerrainHeight - y_);
  if (i > kTerrainStart) velocity_ += random_.uniform(-1, 1) / kWalkerScale;
  y_ += velocity_;
}

void Terrain::block(double left, double right, double first, double second) {
  const std::array<Vec, 4> corners = {rounded(left, first), rounded(right, first), rounded(right, second),
                                      rounded(left, second)};
  simulation_.polygon(simulation_.body(BodyType::fixed, {0, 0}, 0), corners, kGround);
}

void Terrain::dig(double x) {
  counter_ = random_.integers(3, 5);
  const double deep = y_ - 4 * kTerrainStep;
  const double wide = kTerrainStep * static_cast<double>(counter_);
  block(x, x + kTerrainStep, y_, deep);
  block(x + wide, x + kTerrainStep + wide, y_, deep);
  counter_ += 2;
  before_ = y_;
}

void Terrain::put_stump(double x) {
  counter_ = random_.integers(1, 3);
  const double size = static_cast<double>(counter_) * kTerrainStep;
  block(x, x + size, y_, y_ + size);
}

void Terrain::put_stairs(double x) {
  stair_height_ = random_.random() > 0.5 ? 1 : -1;
  stair_width_ = random_.integers(4, 5);
  stairs_ = random_.integers(3, 5);
  before_ = y_;
  for (std::int64_t s = 0; s < stairs_; ++s) {
    block(x + static_cast<double>(s * stair_width_) * kTerrainStep,
          x + static_cast<double>((1 + s) * stair_width_) * kTerrainStep,
          y_ + static_cast<double>(s * stair_height_) * kTerrainStep,
          y_ + static_cast<double>(-1 + s * stair_height_) * kTerrainStep);
  }
  counter_ = stairs_ * stair_width_;
}

void Terrain::climb() {
  const std::int64_t s = stairs_ * stair_width_ - counter_ - stair_height_;
  const double n = static_cast<double>(s) / static_cast<double>(stair_width_);
  y_ = before_ + n * static_cast<double>(stair_height_) * kTerrainStep;
}

void Terrain::change() {
  counter_ = random_.integers(kTerrainGrass / 2, kTerrainGrass);
  begins_ = true;
  kind_ = kind_ == Kind::grass && hardcore_ ? static_cast<Kind>(random_.integers(1, 4)) : Kind::grass;
}

}  // namespace bierl::box2d::tasks

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include <bierl/core/error.hpp>
#include <bierl/core/functions.hpp>
#include <bierl/core/names.hpp>
#include <bierl/core/noise.hpp>
#include <bierl/core/stopping.hpp>

namespace bierl {

namespace {

constexpr std::uint32_t kTaskStream = 6;  // Stream.TASK of bierl_fast/messages.py

static_assert(kBetweenQuestions % 8 == 0);  // terms of a sum between two of them
constexpr std::size_t kReflectionsBetweenAsking = 256;

constexpr double kRound = 0x1.8p52;  // x + kRound - kRound is x rounded to a whole number, for |x| < 2^51
constexpr double kLn2High = 0x1.62e42fee00000p-1, kLn2Low = 0x1.a39ef35793c76p-33;

// sin(pi z)^2 by Taylor's series on half a turn, whose first term left out is below 2e-18. A z too large to have a
// fraction gives 0; so does a NaN.
inline double sine_squared(double z) {
  constexpr double kTerm[] = {0x1.921fb54442d18p+1,   -0x1.4abbce625be53p+2,  0x1.466bc6775aae2p+1,
                              -0x1.32d2cce62bd86p-1,  0x1.50783487ee782p-4,   -0x1.e3074fde8871fp-8,
                              0x1.e8f434d018d63p-12,  -0x1.6fadb9f155744p-16, 0x1.aaec32af93359p-21,
                              -0x1.8a404211f9547p-26, 0x1.2877020d52cf0p-31};
  const double fraction = z - ((z + kRound) - kRound);
  const double r = std::fabs(z) < 0x1p51 ? fraction : 0.0;
  const double t = r * r;
  double p = kTerm[10];
  for (int k = 9; k >= 0; --k) p = p * t + kTerm[k];
  const double sine = p * r;
  return sine * sine;
}

constexpr int kExpTerms = 14;

// 1 / k!
constexpr std::array<double, kExpTerms + 1> kInverseFactorial = [] {
  std::array<double, kExpTerms + 1> value{1.0};
  double factorial = 1.0;
  for (int k = 1; k <= kExpTerms; ++k) value[static_cast<std::size_t>(k)] = 1.0 / (factorial *= k);
  return value;
}();

// e^x within two ulp, for x up to 700; 0 below -700. Taylor's series on |r| <= ln(2) / 2: the first term left out is
// below 1e-19.
double exponential(double x) {
  if (std::isnan(x)) return x;
  if (x < -700.0) return 0.0;
  const double whole = (x / kLn2High + kRound) - kRound;
  const double r = (x - whole * kLn2High) - whole * kLn2Low;
  double sum = kInverseFactorial[kExpTerms];
  for (std::size_t k = kExpTerms; k-- > 0;) sum = sum * r + kInverseFactorial[k];
  return std::ldexp(sum, static_cast<int>(whole));
}

// ln x within two ulp, for a normal positive x: 2 artanh((m - 1) / (m + 1)) of the mantissa m in [sqrt(1/2), sqrt(2)].
double natural_log(double x) {
  int exponent = 0;
  double m = std::frexp(x, &exponent);
  if (m < 0.70710678118654752) {
    m *= 2.0;
    --exponent;
  }
  const double s = (m - 1.0) / (m + 1.0), t = s * s;
  double sum = 0.0;
  for (int k = 25; k >= 1; k -= 2) sum = sum * t + 1.0 / k;
  return exponent * kLn2High + (exponent * kLn2Low + 2.0 * s * sum);
}

// The sum of term(i) over i < count, in eight partial sums: an order that vectors of any width can keep.
template <class Term>
double sum_of(std::size_t count, const Term& term) {
  double part[8] = {};
  std::size_t i = 0;
  while (i + 8 <= count) {
    if (i > 0) stop_if_asked();
    for (const std::size_t end = std::min(count, i + kBetweenQuestions); i + 8 <= end; i += 8)
      for (std::size_t lane = 0; lane < 8; ++lane) part[lane] += term(i + lane);
  }
  for (std::size_t lane = 0; i < count; ++i, ++lane) part[lane] += term(i);
  return ((part[0] + part[4]) + (part[2] + part[6])) + ((part[1] + part[5]) + (part[3] + part[7]));
}

double quadratic(const double* z, const double* weight, std::size_t count) {
  return sum_of(count, [=](std::size_t i) { return weight[i] * (z[i] * z[i]); });
}

double rosenbrock(const double* z, std::size_t count) {
  return sum_of(count - 1, [=](std::size_t i) {
    const double valley = z[i + 1] - z[i] * z[i], along = 1.0 - z[i];
    return 100.0 * (valley * valley) + along * along;
  });
}

// 10 - 10 cos(2 pi z) = 20 sin(pi z)^2.
double rastrigin(const double* z, std::size_t count) {
  return sum_of(count, [=](std::size_t i) { return z[i] * z[i] + 20.0 * sine_squared(z[i]); });
}

double ackley(const double* z, std::size_t count) {
  const auto dimension = static_cast<double>(count);
  const double square = sum_of(count, [=](std::size_t i) { return z[i] * z[i]; }) / dimension;
  const double wave = sum_of(count, [=](std::size_t i) { return sine_squared(z[i]); }) / dimension;
  static const double e = exponential(1.0);  // by the same series, so that the best value is exactly 0
  return 20.0 * (1.0 - exponential(-0.2 * std::sqrt(square))) + (e - exponential(1.0 - 2.0 * wave));
}

void check(const TestFunction::Settings& settings) {
  const std::size_t least = settings.kind == FunctionKind::rosenbrock ? 2 : 1;
  const std::string name = name_of(settings.kind);
  require(settings.dimension >= least && settings.dimension <= TestFunction::kMostDimensions,
          name + " needs a dimension of at least " + std::to_string(least) + " and at most " +
              std::to_string(TestFunction::kMostDimensions) + ", got " + std::to_string(settings.dimension));
  require(!settings.rotation_seed || settings.dimension <= TestFunction::kMostRotated,
          "a rotation takes at most " + std::to_string(TestFunction::kMostRotated) + " dimensions, got " +
              std::to_string(settings.dimension) + "; leave out rotation_seed");
  require(std::isfinite(settings.condition) && settings.condition >= 1.0,
          "condition must be finite and at least 1, got " + std::to_string(settings.condition));
  require(std::isfinite(settings.shift_radius) && settings.shift_radius >= 0.0,
          "shift_radius must be finite and at least 0, got " + std::to_string(settings.shift_radius));
}

double squared_length(std::span<const double> v) {
  return sum_of(v.size(), [=](std::size_t i) { return v[i] * v[i]; });
}

// Row `row` of a seed's normals, in double precision.
void draw(std::uint64_t seed, Purpose purpose, std::uint32_t row, std::span<double> out) {
  auto drawn = filled<float>(out.size());
  normals({seed, 0, kTaskStream, purpose}, row, drawn);
  each_in_parts(out.size(), [&](std::size_t i) { out[i] = static_cast<double>(drawn[i]); });
}

}  // namespace

TestFunction::TestFunction(const Settings& settings) : settings_(settings) {
  check(settings_);
  const std::size_t count = settings_.dimension;
  if (settings_.kind == FunctionKind::quadratic) {
    weight_ = filled(count, 1.0);
    const double log = natural_log(settings_.condition);
    each_in_parts(count, [&](std::size_t i) {
      if (i > 0) weight_[i] = exponential(log * static_cast<double>(i) / static_cast<double>(count - 1));
    });
  }
  make_shift();
  if (settings_.rotation_seed) make_rotation(*settings_.rotation_seed);
}

// A direction drawn uniformly from the sphere.
void TestFunction::make_shift() {
  shift_ = filled(settings_.dimension, 0.0);
  if (settings_.shift_radius == 0.0) return;
  draw(settings_.shift_seed, Purpose::reset, 0, shift_);
  const double factor = settings_.shift_radius / std::sqrt(squared_length(shift_));
  each_in_parts(shift_.size(), [&](std::size_t i) { shift_[i] *= factor; });
}

// Q = H_0 H_1 ... H_{P-2} D, uniform over the orthogonal matrices (a reflection among them with probability 1/2): H_k
// reflects a vector of P - k normals onto the first axis of the last P - k dimensions.
// Source: Stewart 1980, SIAM J. Numer. Anal. 17, section 3.
void TestFunction::make_rotation(std::uint64_t seed) {
  const std::size_t count = settings_.dimension;
  reflector_.resize(count * (count + 1) / 2);
  sign_.resize(count);
  double* u = reflector_.data();
  for (std::size_t k = 0; k < count; ++k) {
    const std::span<double> v{u, count - k};
    if (k % kReflectionsBetweenAsking == 0) stop_if_asked();
    draw(seed, Purpose::noise, static_cast<std::uint32_t>(k), v);
    const double sign = v[0] < 0.0 ? -1.0 : 1.0;
    sign_[k] = k + 1 < count ? -sign : sign;
    v[0] += sign * std::sqrt(squared_length(v));
    const double factor = std::sqrt(2.0 / squared_length(v));
    for (double& part : v) part *= factor;
    u += count - k;
  }
}

void TestFunction::move(const float* x, double* z) const {
  const std::size_t count = settings_.dimension;
  each_in_parts(count, [&](std::size_t i) { z[i] = static_cast<double>(x[i]) - shift_[i]; });
  if (sign_.empty()) return;
  for (std::size_t i = 0; i < count; ++i) z[i] *= sign_[i];
  const double* u = reflector_.data() + reflector_.size() - 1;  // past the last reflector that reflects
  for (std::size_t k = count - 1; k-- > 0;) {
    const std::size_t size = count - k;
    if (k % kReflectionsBetweenAsking == 0) stop_if_asked();
    u -= size;
    double* const tail = z + k;
    const double along = sum_of(size, [=](std::size_t i) { return u[i] * tail[i]; });
    for (std::size_t i = 0; i < size; ++i) tail[i] -= along * u[i];
  }
}

void TestFunction::place(std::span<const float> x, std::span<double> z) const {
  require_size("x", x.size(), dimension(), "the function's dimension");
  require_size("z", z.size(), dimension(), "the function's dimension");
  move(x.data(), z.data());
}

double TestFunction::value(std::span<const float> x, std::span<double> scratch) const {
  double* const z = scratch.data();
  move(x.data(), z);
  switch (settings_.kind) {
    case FunctionKind::quadratic:
      return -quadratic(z, weight_.data(), dimension());
    case FunctionKind::rosenbrock:
      return -rosenbrock(z, dimension());
    case FunctionKind::rastrigin:
      return -rastrigin(z, dimension());
    default:
      return -ackley(z, dimension());
  }
}

}  // namespace bierl

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <bierl/core/error.hpp>
#include <bierl/core/kernels.hpp>
#include <bierl/core/knn.hpp>
#include <bierl/core/stopping.hpp>

namespace bierl {

namespace {

constexpr std::size_t kBlock = 8;     // groups of 64 rows scored at a time: at 64 dimensions 128 KiB, within L2
constexpr std::size_t kJobTiles = 8;  // tiles of queries in one job of a shared-out search
constexpr double kUnit = 0x1p-24;     // rounding of single precision

void check_finite(const char* name, std::span<const double> values, std::size_t dimension) {
  each_in_parts(values.size(), [&](std::size_t i) {
    if (std::abs(values[i]) <= kLargestBehavior) return;
    throw ArgumentError(std::string(name) + " row " + std::to_string(i / dimension) + ", element " +
                        std::to_string(i % dimension) + " is " + std::to_string(values[i]) +
                        "; a behavior must be finite and at most 1e150 in magnitude");
  });
}

// Both sides are moved by the archive's mean and scaled by a power of two, so that single precision neither overflows
// nor wastes digits on where the archive lies.
class Frame {
 public:
  Frame(std::span<const double> queries, std::span<const double> archive, std::size_t dimension) : center_(dimension) {
    const std::size_t rows = archive.size() / dimension;
    each_in_parts(archive.size(),
                  [&](std::size_t i) { center_[i % dimension] += archive[i] / static_cast<double>(rows); });
    double largest = 0.0;
    for (const auto side : {queries, archive})
      each_in_parts(side.size(),
                    [&](std::size_t i) { largest = std::max(largest, std::abs(side[i] - center_[i % dimension])); });
    exponent_ = largest > 0.0 ? -std::ilogb(largest) : 0;
  }

  [[nodiscard]] double placed(double value, std::size_t d) const { return std::ldexp(value - center_[d], exponent_); }

 private:
  std::vector<double> center_;
  int exponent_;
};

// The archive as the kernel reads it. score(q, b) = |b|^2 / 2 - q b orders the rows b as the distance from q does.
struct Packed {
  Packed(const Frame& frame, std::span<const double> archive, std::size_t dimension)
      : rows(archive.size() / dimension),
        groups((rows + kScoreGroup - 1) / kScoreGroup),
        points(filled<float>(groups * kScoreGroup * dimension)),
        half(groups * kScoreGroup, std::numeric_limits<float>::infinity()) {  // beyond the last row: never near
    Pace pace;
    for (std::size_t row = 0; row < rows; ++row) {
      pace.did(dimension);
      float* const first = points.data() + row / kScoreGroup * kScoreGroup * dimension + row % kScoreGroup;
      double square = 0.0;
      each_in_parts(dimension, [&](std::size_t d) {
        const double value = frame.placed(archive[row * dimension + d], d);
        first[d * kScoreGroup] = static_cast<float>(value);
        square += value * value;
      });
      half[row] = static_cast<float>(square / 2.0);
      longest = std::max(longest, std::sqrt(square));
    }
  }

  std::size_t rows, groups;
  std::vector<float> points;  // (groups, D, 64)
  std::vector<float> half;    // (groups, 64) |b|^2 / 2
  double longest = 0.0;       // the largest |b|
};

// How far a score may be from that of exact arithmetic: rounding of both vectors (2 units of |q||b|), of |b|^2 / 2, and
// of D products and sums whose partial results stay below |b|^2 / 2 + |q||b|; doubled, and room for denormal numbers.
double score_error(double query, double longest, std::size_t dimension) {
  const auto terms = static_cast<double>(dimension);
  return 2.0 * (terms + 8.0) * kUnit * (longest * longest / 2.0 + query * longest) + terms * 1e-37;
}

// The float at or above a sum, so that a bound is never tighter than it should be.
float at_least(double value) {
  return std::nextafter(static_cast<float>(value), std::numeric_limits<float>::infinity());
}

// One query's search: the k smallest scores so far, and every row that may be among the k nearest.
class Search {
 public:
  Search(std::size_t k, double error) : k_(k), slack_(2.0 * error) { smallest_.reserve(k); }

  [[nodiscard]] float bound() const { return bound_; }

  void offer(float score, std::size_t row) {
    if (!(score <= bound_)) return;
    rows_.push_back({score, row});
    if (smallest_.size() == k_) {
      if (score >= smallest_.front()) return;
      std::pop_heap(smallest_.begin(), smallest_.end());
      smallest_.back() = score;
    } else {
      smallest_.push_back(score);
    }
    std::push_heap(smallest_.begin(), smallest_.end());
    if (smallest_.size() == k_) bound_ = at_least(static_cast<double>(smallest_.front()) + slack_);
  }

  /// `distance_of(row)` for the rows within the final bound, the nearest k, summed from the nearest on.
  template <class Distance>
  [[nodiscard]] double mean(const Distance& distance_of) {
    std::vector<double> distances;
    Pace pace;
    for (const auto& [score, row] : rows_) {
      pace.did(1);
      if (score <= bound_) distances.push_back(distance_of(row));
    }
    std::sort(distances.begin(), distances.end(), [&](double a, double b) {
      pace.did(1);
      return a < b;
    });
    const std::size_t count = std::min(k_, distances.size());
    double sum = 0.0;
    for (std::size_t i = 0; i < count; ++i) sum += distances[i];
    return sum / static_cast<double>(count);
  }

 private:
  struct Candidate {
    float score;
    std::size_t row;
  };
  std::size_t k_;
  double slack_;
  float bound_ = std::numeric_limits<float>::max();  // infinite scores are no rows
  std::vector<float> smallest_;                      // a heap, the largest in front
  std::vector<Candidate> rows_;
};

// Four sums side by side, in an order that no compiler may change.
double distance(const double* a, const double* b, std::size_t dimension) {
  std::array<double, 4> sum{};
  each_in_parts(dimension, [&](std::size_t d) { sum[d % 4] += (a[d] - b[d]) * (a[d] - b[d]); });
  return std::sqrt((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

// kScoreQueries queries against the whole archive, a block at a time; places beyond the last query repeat it.
class Tile {
 public:
  Tile(const Frame& frame, const Packed& packed, std::span<const double> queries, std::size_t dimension, std::size_t k)
      : packed_(packed), dimension_(dimension), count_(queries.size() / dimension), points_(kScoreQueries * dimension) {
    for (std::size_t q = 0; q < kScoreQueries; ++q) {
      double square = 0.0;
      each_in_parts(dimension, [&](std::size_t d) {
        const double value = frame.placed(queries[std::min(q, count_ - 1) * dimension + d], d);
        points_[q * dimension + d] = static_cast<float>(value);
        square += value * value;
      });
      if (q < count_) searches_.emplace_back(k, score_error(std::sqrt(square), packed.longest, dimension));
    }
  }

  void score_block(std::size_t first_group) {
    const std::size_t groups = std::min(kBlock, packed_.groups - first_group);
    std::array<float, kScoreQueries> bounds{};
    for (std::size_t q = 0; q < count_; ++q) bounds[q] = searches_[q].bound();
    for (std::size_t q = count_; q < kScoreQueries; ++q) bounds[q] = -std::numeric_limits<float>::infinity();
    kernels().scores(points_.data(), packed_.points.data() + first_group * kScoreGroup * dimension_,
                     packed_.half.data() + first_group * kScoreGroup, groups, dimension_, bounds.data(), scores_.data(),
                     near_.data());
    for (std::size_t group = 0; group < groups; ++group)
      for (std::size_t q = 0; q < count_; ++q)
        if (near_[group * kScoreQueries + q] != 0) offer(q, group, first_group);
  }

  [[nodiscard]] Search& search(std::size_t q) { return searches_[q]; }
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  void offer(std::size_t q, std::size_t group, std::size_t first_group) {
    const float* const scores = scores_.data() + (group * kScoreQueries + q) * kScoreGroup;
    const std::size_t row = (first_group + group) * kScoreGroup;
    for (std::size_t i = 0; i < kScoreGroup; ++i) searches_[q].offer(scores[i], row + i);
  }

  const Packed& packed_;
  std::size_t dimension_, count_;
  std::vector<float> points_;
  std::vector<Search> searches_;
  std::array<float, kBlock * kScoreQueries * kScoreGroup> scores_;
  std::array<std::uint8_t, kBlock * kScoreQueries> near_;
};

}  // namespace

void knn_mean_distance(std::span<const double> queries, std::span<const double> archive, std::size_t dimension,
                       std::size_t k, std::span<double> out, ThreadPool* pool) {
  require(dimension >= 1, "a behavior needs at least one number, got dimension 0");
  require(k >= 1, "k must be at least 1, got 0");
  require_size("queries", queries.size(), out.size() * dimension, "dimension numbers for each result");
  require_size("archive", archive.size(), archive.size() / dimension * dimension, "whole rows of dimension numbers");
  check_finite("queries", queries, dimension);
  check_finite("archive", archive, dimension);
  std::fill(out.begin(), out.end(), 0.0);
  if (archive.empty() || out.empty()) return;

  const Frame frame(queries, archive, dimension);
  const Packed packed(frame, archive, dimension);
  const auto run_job = [&](std::size_t, std::size_t job) {
    const std::size_t begin = job * kJobTiles * kScoreQueries;
    const std::size_t end = std::min(begin + kJobTiles * kScoreQueries, out.size());
    std::vector<Tile> tiles;
    for (std::size_t q = begin; q < end; q += kScoreQueries) {
      const std::size_t count = std::min(kScoreQueries, end - q);
      tiles.emplace_back(frame, packed, queries.subspan(q * dimension, count * dimension), dimension,
                         std::min(k, packed.rows));
    }
    for (std::size_t group = 0; group < packed.groups; group += kBlock) {
      stop_if_asked();
      for (Tile& tile : tiles) tile.score_block(group);
    }
    for (std::size_t q = begin; q < end; ++q) {
      const double* const query = queries.data() + q * dimension;
      Tile& tile = tiles[(q - begin) / kScoreQueries];
      stop_if_asked();
      out[q] = tile.search((q - begin) % kScoreQueries).mean([&](std::size_t row) {
        return distance(query, archive.data() + row * dimension, dimension);
      });
    }
  };
  const std::size_t jobs = (out.size() + kJobTiles * kScoreQueries - 1) / (kJobTiles * kScoreQueries);
  if (pool != nullptr && jobs > 1) {
    pool->run(jobs, run_job);
  } else {
    for (std::size_t job = 0; job < jobs; ++job) run_job(0, job);
  }
}

}  // namespace bierl

// Quantities of places: sites, distances between places, and what sensors measure.
#include <cmath>
#include <optional>

#include <bierl/core/error.hpp>
#include <bierl/mujoco/tasks/arithmetic.hpp>
#include <bierl/mujoco/terms/names.hpp>
#include <bierl/mujoco/terms/quantity.hpp>
#include <bierl/mujoco/terms/slices.hpp>

namespace bierl::mujoco::terms {
namespace {

class SitePositions final : public Parts {
 public:
  struct Options {
    std::vector<std::string> names;
    static Options read(OptionReader& reader) {
      reader.require_given("sites", "the name of a site, or a list of names");
      return {reader.texts("sites")};
    }
  };
  SitePositions(const Moment& moment, const Options& options, const std::string& who)
      : Parts(slices(moment, options, who)) {}

 private:
  static std::vector<Slice> slices(const Moment& moment, const Options& options, const std::string& who) {
    std::vector<Slice> found;
    for (const int site : find_named(moment.model, mjOBJ_SITE, options.names, who)) {
      found.push_back({moment.data->site_xpos + 3 * site, 3});
    }
    return found;
  }
};

class Sensors final : public Parts {
 public:
  struct Options {
    std::vector<std::string> names;
    static Options read(OptionReader& reader) { return {reader.texts("sensors")}; }
  };
  Sensors(const Moment& moment, const Options& options, const std::string& who) : Parts(slices(moment, options, who)) {}

 private:
  static std::vector<Slice> slices(const Moment& moment, const Options& options, const std::string& who) {
    if (options.names.empty()) return {{moment.data->sensordata, moment.model->nsensordata}};
    std::vector<Slice> found;
    for (const int sensor : find_named(moment.model, mjOBJ_SENSOR, options.names, who)) {
      found.push_back({moment.data->sensordata + moment.model->sensor_adr[sensor], moment.model->sensor_dim[sensor]});
    }
    return found;
  }
};

/// From a body or a site to a body, a site or a point of the world.
struct Way {
  std::string from_body, from_site, to_body, to_site;
  std::vector<double> to_point;
  bool flat;
  static Way read(OptionReader& reader) {
    Way way{.from_body = reader.text("from_body", ""),
            .from_site = reader.text("from_site", ""),
            .to_body = reader.text("to_body", ""),
            .to_site = reader.text("to_site", ""),
            .to_point = reader.numbers("to_point"),
            .flat = reader.flag("flat", false)};
    if (reader.listing()) return way;
    const int starts = (way.from_body.empty() ? 0 : 1) + (way.from_site.empty() ? 0 : 1);
    const int ends = (way.to_body.empty() ? 0 : 1) + (way.to_site.empty() ? 0 : 1) + (way.to_point.empty() ? 0 : 1);
    require(starts == 1, reader.task() + ": give one of from_body and from_site, got " + std::to_string(starts));
    require(ends == 1, reader.task() + ": give one of to_body, to_site and to_point, got " + std::to_string(ends));
    require(way.to_point.empty() || way.to_point.size() == 3,
            reader.task() + ": to_point must be three numbers (x, y, z), got " + std::to_string(way.to_point.size()));
    return way;
  }
};

class OnTheWay : public Computed {
 public:
  using Options = Way;
  OnTheWay(const Moment& moment, const Way& way, const std::string& who, mjtSize size)
      : Computed(size),
        point_(way.to_point),
        from_(place(moment, way.from_body, way.from_site, who)),
        to_(point_.empty() ? place(moment, way.to_body, way.to_site, who) : point_.data()),
        axes_(way.flat ? 2 : 3) {}

 protected:
  int axes() const { return axes_; }
  void way(double* out) const {
    for (int i = 0; i < axes_; ++i) out[i] = to_[i] - from_[i];
  }

 private:
  static const double* place(const Moment& moment, const std::string& body, const std::string& site,
                             const std::string& who) {
    if (!body.empty()) return moment.data->xpos + 3 * find_named(moment.model, mjOBJ_BODY, body, who);
    return moment.data->site_xpos + 3 * find_named(moment.model, mjOBJ_SITE, site, who);
  }
  std::vector<double> point_;
  const double* from_;
  const double* to_;
  int axes_;
};

class Distance final : public OnTheWay {
 public:
  Distance(const Moment& moment, const Way& way, const std::string& who) : OnTheWay(moment, way, who, 1) {}

 private:
  void write(double* out) const override {
    double there[3];
    way(there);
    *out = tasks::norm(there, axes() == 2 ? 2 : 3);
  }
};

class RelativePosition final : public OnTheWay {
 public:
  RelativePosition(const Moment& moment, const Way& way, const std::string& who)
      : OnTheWay(moment, way, who, way.flat ? 2 : 3) {}

 private:
  void write(double* out) const override { way(out); }
};

}  // namespace

std::vector<QuantityEntry> place_quantities() {
  return {
      quantity<SitePositions>("site_positions", "x, y, z of `sites` in the world, in metres."),
      quantity<Sensors>("sensors", "What all sensors measure, or `sensors`, in MuJoCo's units."),
      quantity<Distance>("distance",
                         "Metres from `from_body` or `from_site` to `to_body`, `to_site` or `to_point` (x, y, z in the "
                         "world); `flat = true` leaves heights out."),
      quantity<RelativePosition>("relative_position",
                                 "x, y, z of the same way along the world's axes; x, y alone with `flat = true`."),
  };
}

}  // namespace bierl::mujoco::terms

// Gymnasium's HalfCheetah-v5, Hopper-v5, Ant-v5 and Humanoid-v5 as terms of a C++ library: what bench/own_tasks.py
// compares.
#include <algorithm>
#include <string>
#include <vector>

#include <bierl/mujoco/tasks/arithmetic.hpp>
#include <bierl/mujoco/terms/names.hpp>
#include <bierl/mujoco/terms/plugin.hpp>

namespace {

using bierl::OptionReader;
using bierl::Range;
using namespace bierl::mujoco::terms;
using bierl::mujoco::tasks::numpy_sum;
using bierl::mujoco::tasks::put_clipped;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr Range kUnbounded = {-kInfinity, kInfinity};

/// What a task's policy sees, part after part.
class Seen final : public Computed {
 public:
  struct Options {
    std::string task;
    static Options read(OptionReader& reader) {
      return {reader.choice("task", "HalfCheetah-v5", {"Ant-v5", "HalfCheetah-v5", "Hopper-v5", "Humanoid-v5"})};
    }
  };
  Seen(const Moment& moment, const Options& options, const std::string&)
      : Seen(parts(moment, options.task), options.task) {}
  bool reads_contact_forces() const override { return contacts_; }

 private:
  struct Part {
    const double* values;
    mjtSize size;
    Range clip;
  };
  Seen(std::vector<Part> parts, const std::string& task)
      : Computed(numpy_sum<mjtSize>(0, static_cast<mjtSize>(parts.size()),
                                    [&parts](mjtSize i) { return parts[static_cast<std::size_t>(i)].size; })),
        parts_(std::move(parts)),
        contacts_(task == "Ant-v5" || task == "Humanoid-v5") {}

  static std::vector<Part> parts(const Moment& moment, const std::string& task) {
    const mjModel* m = moment.model;
    const mjData* d = moment.data;
    const mjtSize hidden = task == "HalfCheetah-v5" || task == "Hopper-v5" ? 1 : 2;  // positions of the root
    const Range slow = task == "Hopper-v5" ? Range{-10, 10} : kUnbounded;
    std::vector<Part> parts = {{d->qpos + hidden, m->nq - hidden, kUnbounded}, {d->qvel, m->nv, slow}};
    if (task == "Ant-v5") parts.push_back({d->cfrc_ext + 6, 6 * (m->nbody - 1), {-1, 1}});
    if (task == "Humanoid-v5") {
      parts.push_back({d->cinert + 10, 10 * (m->nbody - 1), kUnbounded});
      parts.push_back({d->cvel + 6, 6 * (m->nbody - 1), kUnbounded});
      parts.push_back({d->qfrc_actuator + 6, m->nv - 6, kUnbounded});
      parts.push_back({d->cfrc_ext + 6, 6 * (m->nbody - 1), kUnbounded});
    }
    return parts;
  }
  void write(double* out) const override {
    for (const Part& part : parts_) out = put_clipped(out, part.values, part.size, part.clip);
  }

  std::vector<Part> parts_;
  bool contacts_;
};

/// Where a task says that its robot is.
class Place final : public Computed {
 public:
  using Options = Seen::Options;
  Place(const Moment& moment, const Options& options, const std::string& who)
      : Computed(1),
        moment_(moment),
        x_(options.task == "Ant-v5" ? moment.data->xpos + 3 * find_named(moment.model, mjOBJ_BODY, "torso", who)
                                    : moment.data->qpos),
        of_mass_(options.task == "Humanoid-v5"),
        mass_(numpy_sum<double>(0, moment.model->nbody, [&](mjtSize i) { return moment.model->body_mass[i]; })) {}

 private:
  void write(double* out) const override {
    *out = *x_;
    if (!of_mass_) return;
    double sum = 0;
    for (int i = 0; i < moment_.model->nbody; ++i) sum += moment_.model->body_mass[i] * moment_.data->xipos[3 * i];
    *out = sum / mass_;
  }
  const Moment& moment_;
  const double* x_;
  bool of_mass_;
  double mass_;
};

/// The sum of the squares of the forces of contacts.
class Contacts final : public Computed {
 public:
  using Options = Seen::Options;
  Contacts(const Moment& moment, const Options& options, const std::string&)
      : Computed(1), moment_(moment), clip_(options.task == "Ant-v5" ? Range{-1, 1} : kUnbounded) {}
  bool reads_contact_forces() const override { return true; }

 private:
  void write(double* out) const override {
    const double* forces = moment_.data->cfrc_ext;
    const Range clip = clip_;
    *out = numpy_sum<double>(0, 6 * moment_.model->nbody, [forces, clip](mjtSize i) {
      const double force = bierl::mujoco::tasks::clipped(forces[i], clip);
      return force * force;
    });
  }
  const Moment& moment_;
  Range clip_;
};

}  // namespace

BIERL_TERMS(quantity<Seen>("seen", "What the policy of `task` sees."),
            quantity<Place>("place", "Where the robot of `task` is, along x."),
            quantity<Contacts>("contacts", "What contacts cost, before the weight."))

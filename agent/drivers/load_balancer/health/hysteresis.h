// When a member counts as down, and when as up again: so many failures, so many successes in a row.
// Pure. Threading: values.
#pragma once

namespace podwright::drivers {

class Hysteresis {
 public:
  Hysteresis(int fall, int rise, bool up) : fall_(fall), rise_(rise), up_(up) {}

  // Takes one outcome; true when it turned the state.
  bool Note(bool ok) {
    if (ok == up_) {
      against_ = 0;
      return false;
    }
    if (++against_ < (up_ ? fall_ : rise_)) return false;
    up_ = ok;
    against_ = 0;
    return true;
  }
  bool up() const { return up_; }

 private:
  int fall_;
  int rise_;
  bool up_;
  int against_ = 0;  // outcomes in a row that speak against the state
};

}  // namespace podwright::drivers

# Makes .venv with the product in it; sourced by the scripts beside it, from the repository's top.

say() { printf '%s\n' "$*" >&2; }

on_pi_with_picamera2() {
  [ -e /proc/device-tree/model ] && grep -qa 'Raspberry Pi' /proc/device-tree/model &&
    python3 -c 'import picamera2' 2>/dev/null
}

# Debian keeps venv and pip in packages of their own; a bare machine has neither.
ensure_venv_module() {
  if python3 -c 'import venv, ensurepip' 2>/dev/null; then
    return
  fi
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    say "Python's venv module is missing. Install it, then run this again: sudo apt install python3-venv"
    exit 1
  fi
  say "Installing python3-venv …"
  apt-get update -qq >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends python3-venv >/dev/null
}

check_python() {
  if ! command -v python3 >/dev/null; then
    say "python3 is missing. Install it, then run this again: sudo apt install python3 python3-venv"
    exit 1
  fi
  if ! python3 -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'; then
    say "Python 3.11, 3.12 or 3.13 is needed; this machine's python3 is $(python3 -V 2>&1)."
    exit 1
  fi
}

# The browser of tests/browser, from Debian; without it and without root those tests are skipped.
ensure_browser() {
  if command -v chromium >/dev/null || [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    return
  fi
  say "Installing chromium …"
  apt-get update -qq >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium >/dev/null
}

# make_environment REQUIREMENT: install "." or ".[test]" into .venv, again only when pyproject.toml or Python changed.
make_environment() {
  local stamp wanted
  stamp=".venv/installed-$(printf '%s' "$1" | tr -c 'a-z\n' '-')"
  check_python
  if [ "$1" = ".[test]" ]; then
    ensure_browser
  fi
  wanted="$(python3 -V) $(pwd) $(cksum <pyproject.toml)"
  if [ -x .venv/bin/focuscheck ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
    return
  fi
  if ! .venv/bin/python -c 'import pip' 2>/dev/null || [ "$(.venv/bin/python -V)" != "$(python3 -V)" ]; then
    ensure_venv_module
    say "Making .venv …"
    rm -rf .venv
    if on_pi_with_picamera2; then
      # picamera2 and libcamera come from apt: libcamera's ABI is not stable; apt's numpy must stay with them
      python3 -m venv --system-site-packages .venv
    else
      python3 -m venv .venv
    fi
  fi
  say "Installing focuscheck into .venv; this takes a minute or two …"
  if ! .venv/bin/python -m pip install --quiet --disable-pip-version-check --editable "$1" >&2; then
    say "The installation failed. Is this machine on the network? Put right what stands above, then run this again."
    exit 1
  fi
  printf '%s' "$wanted" >"$stamp"
}

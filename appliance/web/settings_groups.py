"""The settings as the page shows them: in groups, each with value, default and why."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.config import ENVIRONMENT_PREFIX, Settings

GROUPS = {
    "Where things are": ("data_dir", "socket_path", "station_name"),
    "The page": ("host", "port", "allowed_hosts", "behind_proxy", "open_reading", "public_url", "check_every_days"),
    "Pictures and room": ("raw_days", "reserve_mb", "when_not_kept", "copies_folder"),
    "The lens and its tolerance": (
        "focal_length_mm", "f_number", "pixel_pitch_um", "coc_um", "tolerance_um", "distance_mm",
        "chart_flatness_mm", "aim_u_mm", "remount_u_um", "print_blur_um", "frames_at_first", "frames_at_most",
    ),
    "The golden lens": ("golden_lens_tag", "golden_every_h", "golden_refuse"),
}  # fmt: skip
SIMULATED, DEVICES = "The simulated bench", "Devices"


@dataclass(frozen=True)
class ShownSetting:
    """One setting as shown."""

    name: str
    value: str
    default: str
    description: str
    variable: str

    @property
    def changed(self) -> bool:
        """Whether it differs from the default."""
        return self.value != self.default


def grouped_settings(settings: Settings) -> dict[str, list[ShownSetting]]:
    """Every setting, by group; one that no group names is with the devices."""
    groups: dict[str, list[ShownSetting]] = {title: [] for title in (*GROUPS, DEVICES, SIMULATED)}
    places = {name: title for title, names in GROUPS.items() for name in names}
    for name, field in Settings.model_fields.items():
        title = places.get(name) or (SIMULATED if name.startswith("simulated_") else DEVICES)
        default = field.get_default(call_default_factory=True)
        shown = ShownSetting(
            name,
            _words(getattr(settings, name)),
            _words(default),
            field.description or "",
            ENVIRONMENT_PREFIX + name.upper(),
        )
        groups[title].append(shown)
    return groups


def _words(value: object) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)

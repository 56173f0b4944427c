"""What stands on the simulated bench: lens, printed chart, sensor, and how they are set up."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt
from typing import Literal

from appliance.chart.layout import Layout, layout

Point = tuple[float, float]
Bayer = Literal["rggb", "bggr", "grbg", "gbrg"]


@dataclass(frozen=True)
class Lens:
    """A thin lens with the faults a rental house meets.

    Attributes
    ----------
    focal_length_mm, f_number:
        As engraved; the working f-number follows from the distance.
    focus_error_mm:
        On the optical axis, object side: > 0 puts the plane of best (paraxial) focus behind the aim point, farther from
        the camera.
    spherical_waves:
        W040 in waves of 0.55 µm; > 0 is under-corrected: rays from the rim of the pupil cross nearer the lens. The
        plane of least RMS wavefront error then lies where W020 = -W040.
    astigmatism_waves:
        Difference between the tangential (radial) and the sagittal defocus in waves of 0.55 µm at the sensor's corner;
        it grows with the square of the image radius and leaves their mean where it was. > 0: tangential rays cross
        nearer the lens.
    field_curvature_um:
        At the sensor's corner, image side, growing with the square of the image radius; > 0 if the image surface
        of a flat object bends away from the lens.
    sensor_tilt_x_mrad:
        > 0 if the part of the sensor that shows the picture's bottom is farther from the lens (turned about x).
    sensor_tilt_y_mrad:
        > 0 if the part that shows the picture's right hand side is farther from the lens (turned about y).
    distortion_percent:
        Radial: a point whose ideal image lies at the corner's radius moves outwards by this part of that radius.
    fall_off:
        Illumination at the sensor's corner as a fraction of the centre's.
    squeeze:
        Anamorphic: the picture is this much narrower. Geometry only; the blur stays that of a round pupil.
    wavelengths_um:
        (wavelength in µm, weight) of the light that forms the picture;
        :func:`appliance.bench.spectra.green_under_white_led` gives those of a mosaic's green pixels.
    axial_colour_um:
        Longitudinal colour: how much farther from the lens light of 0.62 µm comes to focus than light of 0.48 µm, image
        side; focus changes linearly with wavelength, and ``focus_error_mm`` is that at 0.55 µm. Which plane is best
        focus in colour: the one of least wavefront variance, in waves, weighted by the light; it lies where
        W020 = −W040 − Σ w δ / λ² / Σ w / λ², δ being a wavelength's own W020 at the focus of 0.55 µm.
    """

    focal_length_mm: float = 50.0
    f_number: float = 2.8
    focus_error_mm: float = 0.0
    spherical_waves: float = 0.0
    astigmatism_waves: float = 0.0
    field_curvature_um: float = 0.0
    sensor_tilt_x_mrad: float = 0.0
    sensor_tilt_y_mrad: float = 0.0
    distortion_percent: float = 0.0
    fall_off: float = 1.0
    squeeze: float = 1.0
    wavelengths_um: tuple[tuple[float, float], ...] = ((0.55, 1.0),)
    axial_colour_um: float = 0.0


@dataclass(frozen=True)
class Chart:
    """A printed chart as it hangs on the bench.

    Attributes
    ----------
    layout:
        What is printed; only its ink, aim point and paper size are used.
    paper_reflectance, ink_reflectance, background_reflectance:
        Linear, 0 to 1; the background lies in the paper's plane.
    print_blur_um:
        Standard deviation of the print's Gaussian spread, on paper.
    print_scale:
        1 if printed true to scale, 0.97 if "fit to page" shrank it.
    bow_mm:
        How far the paper's corners bend away from the camera, square to the paper, growing with the square of the
        distance from the aim point; 0 if it is flat.
    """

    layout: Layout = field(default_factory=lambda: layout("a4"), repr=False)
    paper_reflectance: float = 0.85
    ink_reflectance: float = 0.05
    background_reflectance: float = 0.15
    print_blur_um: float = 20.0
    print_scale: float = 1.0
    bow_mm: float = 0.0


@dataclass(frozen=True)
class Sensor:
    """Pixels and their noise; a pixel's aperture is its full square.

    Attributes
    ----------
    width, height, pitch_um:
        Size in pixels, pixel pitch in µm.
    bayer:
        Colours of the top left 2 × 2 block; None for a sensor without filters.
    full_well_e:
        Electrons at ``white``; 0 electrons give ``black``.
    read_noise_e, pixel_gain_spread:
        Standard deviations, in electrons and as a fraction (PRNU, the same in every photo of one ``pattern_seed``).
    bits, black:
        Of the converter, values in its units.
    noise:
        False gives the expected value, still rounded to ``bits``.
    """

    width: int = 4056
    height: int = 3040
    pitch_um: float = 1.55
    bayer: Bayer | None = "rggb"
    full_well_e: float = 8000.0
    read_noise_e: float = 2.5
    pixel_gain_spread: float = 0.0085
    bits: int = 12
    black: float = 256.0
    pattern_seed: int = 0
    noise: bool = True

    @property
    def white(self) -> float:
        """Value of saturation."""
        return float(2**self.bits - 1)

    @property
    def half_diagonal_mm(self) -> float:
        """Image radius of the sensor's corner in mm."""
        return sqrt(self.width**2 + self.height**2) / 2 * self.pitch_um / 1000


@dataclass(frozen=True)
class Light:
    """Light on the chart and how the sensor's colours see it.

    Attributes
    ----------
    exposure:
        Paper's signal at the picture's centre as a fraction of full scale, in the brightest colour; above 1 it clips.
    gain_red, gain_green, gain_blue:
        Relative response of the mosaic's colours to the grey chart.
    slope_x, slope_y:
        Uneven light: relative change from the picture's centre to its right, lower border.
    flicker:
        Amplitude of the row-wise modulation, as a fraction.
    flicker_rows:
        Its period in rows; its phase differs from photo to photo.
    """

    exposure: float = 0.7
    gain_red: float = 0.55
    gain_green: float = 1.0
    gain_blue: float = 0.65
    slope_x: float = 0.0
    slope_y: float = 0.0
    flicker: float = 0.0
    flicker_rows: float = 600.0


@dataclass(frozen=True)
class Mishap:
    """What goes wrong at the bench.

    Attributes
    ----------
    motion_px:
        (x, y) travel of the picture during the exposure, in pixels.
    hand:
        Outline of a hand before the chart, in fractions of the picture's width and height; () for none.
    lens_cap:
        No light at all.
    """

    motion_px: Point = (0.0, 0.0)
    hand: tuple[Point, ...] = ()
    hand_reflectance: float = 0.4
    lens_cap: bool = False


@dataclass(frozen=True)
class Scene:
    """One set-up of the bench.

    Attributes
    ----------
    object_distance_mm:
        From the lens to the aim point, along the optical axis.
    tilt_deg:
        0 if the chart is square to the axis; > 0 turns its top edge away from the camera.
    yaw_deg:
        > 0 turns its right hand side away from the camera, about the vertical.
    roll_deg:
        > 0 turns the picture clockwise, about the optical axis.
    aim_offset_px:
        Where the aim point's ideal image (before distortion and sensor tilt) lies: right of and below the centre.
    """

    lens: Lens = field(default_factory=Lens)
    chart: Chart = field(default_factory=Chart)
    sensor: Sensor = field(default_factory=Sensor)
    light: Light = field(default_factory=Light)
    mishap: Mishap = field(default_factory=Mishap)
    object_distance_mm: float = 1000.0
    tilt_deg: float = 45.0
    yaw_deg: float = 0.0
    roll_deg: float = 0.0
    aim_offset_px: Point = (0.0, 0.0)

    @property
    def image_distance_mm(self) -> float:
        """From the lens to the sensor's centre: the conjugate of the plane of best focus."""
        in_focus_mm = self.object_distance_mm + self.lens.focus_error_mm
        return 1 / (1 / self.lens.focal_length_mm - 1 / in_focus_mm)

    @property
    def distance_mm(self) -> float:
        """From the sensor to the aim point, as engraved on lenses."""
        return self.object_distance_mm + self.image_distance_mm

    @property
    def magnification(self) -> float:
        """Image size over object size across the axis, at the aim point's depth."""
        return self.image_distance_mm / self.object_distance_mm

    @property
    def depth_of_field_mm(self) -> float:
        """Single-side depth of field N c (1 + m) / m² with c = one pixel, in mm."""
        m = self.magnification
        return self.lens.f_number * self.sensor.pitch_um / 1000 * (1 + m) / m**2


def object_distance_mm(focal_length_mm: float, distance_mm: float) -> float:
    """Lens to object distance for a distance from the sensor; ValueError below four focal lengths."""
    rest = distance_mm * (distance_mm - 4 * focal_length_mm)
    if rest < 0:
        raise ValueError(f"a {focal_length_mm:g} mm lens cannot focus at {distance_mm:g} mm from the sensor")
    return (distance_mm + sqrt(rest)) / 2

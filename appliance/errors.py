"""What can go wrong, each with a sentence for the person at the bench: what is wrong, and what to do.

Invalid *measurements* (no chart, clipped, too dark) are not exceptions but results with a reason code, see
:mod:`appliance.focus.reasons`. The exceptions here stop the work before there is a result.
"""

from __future__ import annotations


class FocuscheckError(Exception):
    """Base of every error the user is told about; ``str(error)`` is a full sentence with a remedy."""

    exit_status = 5
    """Process exit status of the command that meets this error."""
    oled_text = "FAULT"
    """At most 16 capitals for the small display."""


class UsageError(FocuscheckError):
    """An option, setting or file name cannot be used as given; raised before anything is measured."""

    exit_status = 2
    oled_text = "BAD SETTING"


class BarReadingError(UsageError):
    """A ruler's reading of the chart's 100 mm bar cannot be right: more than 5 % off; read it again, or print again."""

    oled_text = "BAD READING"


class BlurReadingError(UsageError):
    """A print's spread cannot be kept: out of range, or too uncertain; take the photo closer."""

    oled_text = "BAD READING"


class PictureError(FocuscheckError):
    """A picture file is missing, empty, corrupt or of a kind that cannot be measured; give another file."""

    exit_status = 4
    oled_text = "BAD PICTURE"


class CameraError(FocuscheckError):
    """The camera is absent, in use or does not answer; check the ribbon cable and end other camera programs."""

    exit_status = 4
    oled_text = "NO CAMERA"


class CameraHangsError(CameraError):
    """The camera stopped answering in the middle of a call; only the end of the process lets go of it."""

    oled_text = "CAMERA HANGS"


class NoFocusMotorError(FocuscheckError):
    """The lens on the bench is focused by hand: only Camera Module 3 has a motor that the station can drive."""

    exit_status = 2
    oled_text = "FOCUS BY HAND"


class StorageError(FocuscheckError):
    """The data folder or its database cannot be written; nothing was measured, so nothing is lost."""

    exit_status = 5
    oled_text = "CANNOT STORE"


class NotKeptError(StorageError):
    """A verdict was measured that the disk refused; it is in no record: free some space, then test again."""

    oled_text = "NOT KEPT"


class RecordsDamagedError(StorageError):
    """The database is not whole; the station ends itself, and the next one puts the records right as it starts."""

    exit_status = 6
    oled_text = "RECORDS DAMAGED"


class NewerRecordsError(StorageError):
    """The records were made by a newer version of this program; install that one, or restore a backup from before."""

    oled_text = "NEWER RECORDS"


class AddressInUseError(FocuscheckError):
    """The page's port is taken by another program; choose another with ``--port``."""

    exit_status = 2
    oled_text = "PORT IN USE"


class FocalLengthNeededError(FocuscheckError):
    """A zoom is on the bench and nobody said at which focal length it stands; pick it, then press again."""

    exit_status = 2
    oled_text = "WHICH MM?"


class StationBusyError(FocuscheckError):
    """A check is being measured just now; presses are not queued, so wait for the verdict and press again."""

    exit_status = 5
    oled_text = "BUSY"


class StationDownError(FocuscheckError):
    """The station process does not answer on its socket; start it, or read ``focuscheck doctor``."""

    exit_status = 5
    oled_text = "STATION DOWN"


class StationSilentError(StationDownError):
    """There is a station, but it does not answer; it starts itself afresh if it hangs."""

    oled_text = "STATION SILENT"

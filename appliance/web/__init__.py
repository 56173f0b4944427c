"""The page: reads the records, speaks to the station through its socket, and never touches a device."""

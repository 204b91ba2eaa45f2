"""The year-end assessment: sheets, how a year is closed and proved, what differs since, signs of gaming."""

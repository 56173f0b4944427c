"""Guided checks: procedures of several steps over the measurement, each answering one question of the trade.

A procedure (:class:`~appliance.guides.procedure.Procedure`) is data: which steps there are, and what is concluded from
what they gave. The engine (:mod:`~appliance.guides.run`) is a fold: a run is a list of events, and everything else (the
step that is next, how far it is, the finding) follows from them. So a run survives a power cut as its events do.
"""

"""A body model fitted to a person: from tracks to a scaled model, its joint angles and how sure they are."""

from mvtri.biomechanics.person.fit_tracks import fit_tracks
from mvtri.biomechanics.person.fitted_body import FittedBody
from mvtri.biomechanics.person.observations import pair_markers
from mvtri.biomechanics.person.write import motion_of, write_body

__all__ = ["FittedBody", "fit_tracks", "motion_of", "pair_markers", "write_body"]

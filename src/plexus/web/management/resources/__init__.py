"""The resources of the management API, one file each: a module exports `RESOURCE`, a router whose routes say who may use them."""

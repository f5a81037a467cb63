"""Envelopes: a model with known inputs, outputs and environment, seen to answer its example.

Nothing here loads pandas, numpy or cloudpickle before it is needed.
"""

from jupyter_lifecycle.envelope.build import build as build
from jupyter_lifecycle.envelope.bundle import Bundle as Bundle
from jupyter_lifecycle.envelope.bundle import open_bundle as open_bundle
from jupyter_lifecycle.envelope.comparing import EnvelopeDiff as EnvelopeDiff
from jupyter_lifecycle.envelope.comparing import diff as diff
from jupyter_lifecycle.envelope.environment import Environment as Environment
from jupyter_lifecycle.envelope.environment import Package as Package
from jupyter_lifecycle.envelope.expectations import Expectation as Expectation
from jupyter_lifecycle.envelope.expecting import Expectations as Expectations
from jupyter_lifecycle.envelope.expecting import expect as expect
from jupyter_lifecycle.envelope.fields import Field as Field
from jupyter_lifecycle.envelope.manifest import FileEntry as FileEntry
from jupyter_lifecycle.envelope.manifest import Manifest as Manifest
from jupyter_lifecycle.envelope.manifest import parse_manifest as parse_manifest
from jupyter_lifecycle.envelope.proving import Proof as Proof
from jupyter_lifecycle.envelope.schema import Schema as Schema
from jupyter_lifecycle.envelope.verification import start_verifier as start_verifier

"""Monitoring: what a service sees, held against what its model learned.

Nothing here loads pandas, numpy or scipy before it is needed.
"""

from jupyter_lifecycle.monitoring.checking import Check as Check
from jupyter_lifecycle.monitoring.checking import Violation as Violation
from jupyter_lifecycle.monitoring.checking import check as check
from jupyter_lifecycle.monitoring.contracts import Contract as Contract
from jupyter_lifecycle.monitoring.counter import Counter as Counter
from jupyter_lifecycle.monitoring.distances import ChiSquare as ChiSquare
from jupyter_lifecycle.monitoring.distances import chi_square as chi_square
from jupyter_lifecycle.monitoring.distances import hellinger as hellinger
from jupyter_lifecycle.monitoring.distances import jensen_shannon as jensen_shannon
from jupyter_lifecycle.monitoring.distances import l_infinity as l_infinity
from jupyter_lifecycle.monitoring.distances import (
    normalized_abs_difference as normalized_abs_difference,
)
from jupyter_lifecycle.monitoring.distances import psi as psi
from jupyter_lifecycle.monitoring.histogram import Histogram as Histogram
from jupyter_lifecycle.monitoring.ordered import kolmogorov_smirnov as kolmogorov_smirnov
from jupyter_lifecycle.monitoring.ordered import wasserstein as wasserstein
from jupyter_lifecycle.monitoring.plan import ColumnPlan as ColumnPlan
from jupyter_lifecycle.monitoring.plan import Plan as Plan
from jupyter_lifecycle.monitoring.profiles import ColumnProfile as ColumnProfile
from jupyter_lifecycle.monitoring.profiles import Profile as Profile
from jupyter_lifecycle.monitoring.report import SkewReport as SkewReport
from jupyter_lifecycle.monitoring.sides import profile as profile
from jupyter_lifecycle.monitoring.skewing import skew as skew
from jupyter_lifecycle.monitoring.verdicts import FeatureSkew as FeatureSkew
from jupyter_lifecycle.monitoring.verdicts import Limits as Limits

"""Monitoring: what a service sees, held against what its model learned.

Nothing here loads pandas, numpy or scipy before it is needed.
"""

from jupyter_lifecycle.monitoring.counter import Counter as Counter
from jupyter_lifecycle.monitoring.plan import ColumnPlan as ColumnPlan
from jupyter_lifecycle.monitoring.plan import Plan as Plan
from jupyter_lifecycle.monitoring.profiles import ColumnProfile as ColumnProfile
from jupyter_lifecycle.monitoring.profiles import Profile as Profile

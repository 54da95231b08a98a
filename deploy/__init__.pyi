from .api import RunOptions as RunOptions
from .api import run as run
from .report.api import compare_energy as compare_energy

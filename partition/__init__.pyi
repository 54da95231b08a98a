from .fit import foreseen_cores as foreseen_cores
from .hardware import Board as Board
from .result import Partition as Partition
from .result import read_partition as read_partition
from .search import partition as partition

from .api import ImagesRun as ImagesRun
from .api import run as run
from .api import run_images as run_images
from .report.api import compare_energy as compare_energy
from .runs.options import RunOptions as RunOptions
from .runs.report import RunReport as RunReport
from .verify.api import verify_files as verify_files

from .api import convert as convert
from .errors import UserError as UserError
from .network.bundle import load_network as load_network
from .network.bundle import load_peak_rates as load_peak_rates
from .network.bundle import load_rates as load_rates
from .network.network import ConvertedNetwork as ConvertedNetwork
from .options import Options as Options

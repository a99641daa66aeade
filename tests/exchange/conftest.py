"""What of these tests is run where.

Registers that others wrote cannot be carried along, so the tests of them are there only where
``RISKREG_REGISTERS`` names the folder that holds them (CONTRIBUTING).
"""

import os

collect_ignore = [] if os.environ.get("RISKREG_REGISTERS") else ["test_real_registers.py"]

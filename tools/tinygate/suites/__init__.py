"""The tests that judge a model and its firmware. A project shows them to pytest with one line a suite:

from tinygate.suites.host import *      # in tests_host/
from tinygate.suites.target import *    # in tests_target/
"""

// The build of the fake chip: all defaults.
#pragma once

"""A lab of many boards, on labgrid: places taken and given back, work spread over them, one journal of it all.

Reservations, remote ports and power are labgrid's. It lives in an environment of its own and is spoken to through one
process there (agent/); everything else here is what tinygate does with the places that it gets.
"""

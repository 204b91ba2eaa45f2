"""Types of dispute. No official numeric code was found; these are the project's own, to be mapped by an office.

Source: the case table of monthly bulletins of people's mediation, with the newer types.
"""

#: Code and English name; the words people read are in the catalogues under `dispute.<code>`.
DISPUTE_TYPES = {
    "10": "marriage_family",
    "11": "neighbour",
    "12": "housing_homestead",
    "13": "contract",
    "14": "production_business",
    "15": "tort_damage",
    "16": "forest_land",
    "17": "expropriation",
    "18": "pollution",
    "19": "labour",
    "20": "tourism",
    "21": "consumer",
    "22": "e_commerce",
    "23": "medical",
    "24": "traffic",
    "25": "property_management",
    "26": "transport_operation",
    "99": "other",
}
